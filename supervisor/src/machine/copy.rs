//! A copy of a tree's state, to try things on: without the code of users, the journal, and whoever
//! waits for answers.

use std::collections::{HashMap, VecDeque};

use super::answers::Answers;
use super::fences::Fences;
use super::mirror::Mirrors;
use super::node::{Body, Ix, Letter, Mail, Node, Sup};
use super::nodes::Nodes;
use super::{Machine, Trash};
use crate::event::journal::Journal;

impl Machine {
    /// Grows with everything that changes the tree: copies of its parts belong together only where
    /// it has not.
    pub(crate) const fn moves(&self) -> u64 {
        self.moves
    }

    /// Copies the nodes at some places of the arena; answers where to go on.
    pub(crate) fn copy_nodes(
        &self,
        from: usize,
        max: usize,
        into: &mut Vec<Node>,
    ) -> Option<usize> {
        let (places, next) = self.chunk(from, max);
        into.extend(places.map(|ix| self.nodes[ix].copy()));
        next
    }

    /// Some places of the arena, and where to go on: large trees are copied in many holds.
    pub(super) fn chunk(
        &self,
        from: usize,
        max: usize,
    ) -> (impl Iterator<Item = Ix> + use<>, Option<usize>) {
        let end = self.nodes.len().min(from.saturating_add(max));
        let next = (end < self.nodes.len()).then_some(end);
        ((from..end).map(super::index_of), next)
    }

    /// A machine with these nodes, that goes on from here on its own. What waits to be added is
    /// left out.
    pub(crate) fn copy_with(&self, nodes: Vec<Node>) -> Self {
        Self {
            nodes: Nodes::from(nodes, self.nodes.free_places()),
            index: self.index.clone(),
            deadlines: self.deadlines.clone(),
            fences: Fences::default(),
            journal: Journal::behind(self.journal.seq()),
            answers: Answers::default(),
            actions: VecDeque::new(),
            todo: self.todo.clone(),
            steps: super::STEPS,
            steps_left: 0,
            now: self.now,
            random: self.random.clone(),
            phase: self.phase.clone(),
            live: self.live,
            stuck: self.stuck,
            driven: self.driven,
            shutdown: self.shutdown.clone(),
            stale: 0,
            intents: Vec::new(),
            has_been_up: self.has_been_up,
            missing: Vec::new(),
            closing_since: self.closing_since,
            ended_at: self.ended_at,
            trash: Trash::default(),
            mirrors: Mirrors::default(),
            context: 0,
            wall_at_start: self.wall_at_start,
            wall_seen: self.wall_seen,
            moves: self.moves,
            reloading: None,
            queued: VecDeque::new(),
            recoded: HashMap::new(),
            #[cfg(feature = "recorder")]
            recorder: None,
        }
    }
}

impl Node {
    fn copy(&self) -> Self {
        Self {
            path: self.path.clone(),
            policy: self.policy.clone(),
            last: self.last.clone(),
            fuse: self.fuse.clone(),
            history: None,
            watch: self.watch.clone(),
            links: self.links.clone(),
            mirror: None,
            body: match &self.body {
                Body::Declared => Body::Declared,
                Body::Supervisor(sup) => Body::Supervisor(Box::new(sup.copy())),
                Body::Worker => Body::Worker,
            },
            ..*self
        }
    }
}

impl Sup {
    fn copy(&self) -> Self {
        let known = |letter: &Letter| {
            let mail = match &letter.mail {
                Mail::Command(..) | Mail::Change => return None,
                Mail::Due(of) => Mail::Due(*of),
                Mail::Ended(of, at) => Mail::Ended(*of, *at),
                Mail::Failed(of, at) => Mail::Failed(*of, *at),
                Mail::FirstStart => Mail::FirstStart,
                Mail::Rest(scope) => Mail::Rest(*scope),
                Mail::Start(id) => Mail::Start(*id),
                Mail::Stop => Mail::Stop,
            };
            let correlation = letter.correlation;
            Some(Letter { mail, correlation })
        };
        Self {
            policy: self.policy.clone(),
            statics: self.statics.clone(),
            op: self.op.clone(),
            inbox: self.inbox.iter().filter_map(known).collect(),
            window: self.window.clone(),
            failure: self.failure.clone(),
            // What is to be changed is left out, too.
            change: None,
            ..*self
        }
    }
}
