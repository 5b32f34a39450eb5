//! Which machines will behave alike: for tests that look for new states only.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Machine;
use super::input::Command;
use super::node::{Ix, Mail, Sup};
use super::time::Nanos;
use super::walk::{Op, Then};

impl Machine {
    /// A number that two machines share only if they will behave alike: without counts, and with
    /// times as they are seen from now.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut text = String::new();
        let ahead = |at: Nanos| match at {
            Nanos::NEVER => u64::MAX,
            at => at.0.saturating_sub(self.now.0),
        };
        write!(text, "{:?}", std::mem::discriminant(&self.phase)).expect("a string");
        let mut open = vec![Ix::ROOT];
        while let Some(ix) = open.pop() {
            let node = &self.nodes[ix];
            let age = self
                .now
                .since(node.ready_since)
                .min(node.policy.backoff_reset);
            let silent = node.watch.as_ref().map(|watch| watch.silent);
            let in_poll = node.watch.as_ref().map(|watch| watch.in_poll());
            // Its timeout runs from its start.
            let lived = node.policy.timeout.map(|_| self.now.since(node.since));
            let left = node.links.as_ref().map(|links| links.dependents_left);
            write!(
                text,
                ";{} {:?} {:?} {:?} {:?} {} {} {age:?} {left:?} {silent:?} {in_poll:?} {lived:?}",
                node.path,
                node.phase,
                node.operation,
                node.wish,
                node.flags,
                node.attempt,
                ahead(self.deadlines.of(node)),
            )
            .expect("a string");
            if let Some(fuse) = &node.fuse {
                fuse.describe(self.now, &mut text);
            }
            if let Some(sup) = node.sup() {
                sup.describe(self, &mut text);
                open.extend(self.children_of(sup).map(|(child, _)| child));
                let gone = |&&ix: &&Ix| !self.nodes[ix].flags.linked;
                open.extend(sup.statics.iter().filter(gone));
            }
        }
        let mut waiting: Vec<u32> = self.answers.waiting().map(|ix| ix.0).collect();
        waiting.sort_unstable();
        let mut hasher = DefaultHasher::new();
        (text, waiting).hash(&mut hasher);
        hasher.finish()
    }
}

impl Sup {
    fn describe(&self, machine: &Machine, into: &mut String) {
        let now = machine.now;
        let op = match &self.op {
            Op::Stopping {
                next,
                scope,
                manner,
                then,
            } => {
                let then = match then {
                    Then::Down(end) => format!("{:?}", end.public()),
                    Then::Serve => String::new(),
                    Then::Start { culprit, due } => {
                        format!("{culprit:?} {}", due.0.saturating_sub(now.0))
                    }
                };
                format!("{next:?} {scope:?} {manner:?} {then}")
            }
            op => format!("{op:?}"),
        };
        write!(into, "[{op} {:?} {}", self.first_start, self.incomplete).expect("a string");
        for mail in self.mails() {
            match mail {
                Mail::Command(_, Command::Add(_, planned, _)) => {
                    write!(into, " add {}", planned.nodes[0].path)
                }
                Mail::Command(_, command) => write!(into, " {command:?}"),
                // One about an earlier attempt is as good as any other.
                Mail::Due(of) => write!(into, " due {:?}", of.find(&machine.nodes)),
                Mail::Ended(of, at) => {
                    let of = of.find(&machine.nodes);
                    write!(into, " ended {of:?} {:?}", now.since(*at))
                }
                Mail::Failed(of, at) => {
                    let of = of.find(&machine.nodes);
                    write!(into, " failed {of:?} {:?}", now.since(*at))
                }
                mail => write!(into, " {mail:?}"),
            }
            .expect("a string");
        }
        self.window.describe(now, into);
        into.push(']');
    }
}
