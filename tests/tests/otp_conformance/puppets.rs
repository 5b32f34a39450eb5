//! Puppets, by path: what they do by their script, and the trace of what has happened.

use std::collections::{HashMap, HashSet, VecDeque};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rust_supervisor::__world::Ends;
use rust_supervisor::TreeRef;
use rust_supervisor::event::kind::{Event, EventKind, SupervisorEnd};
use serde_json::{Value, json};

#[derive(Clone, Debug, Default)]
pub(crate) struct Stage(Arc<Mutex<Cast>>);

#[derive(Debug, Default)]
pub(crate) struct Cast {
    roles: HashMap<String, Role>,
    /// Supervisors whose own init is a puppet.
    pub(crate) inits: HashSet<String>,
    /// Who comes to which outcome or end next; nobody else does anything before.
    pub(crate) orders: VecDeque<(String, String)>,
    pub(crate) now: Duration,
    /// The root has been killed: its shutdown was given no time.
    pub(crate) is_cut_off: bool,
    trace: Vec<Value>,
    /// On tokio: where the lines of supervisors are read.
    pub(crate) tree: Option<TreeRef>,
    pub(crate) seen: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Role {
    pub(crate) spec: Value,
    /// What is left of the outcomes of its starts.
    pub(crate) init: Value,
    pub(crate) on_stop: Value,
    pub(crate) state: State,
    starts: u64,
    pub(crate) has_run: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) enum State {
    #[default]
    Gone,
    Held,
    /// Nobody has heard of its end yet.
    Dead,
    Running,
    Stopping(Duration),
}

/// What an attempt does.
pub(crate) enum Act {
    End(Ends),
    Ready,
    Wait,
}

impl Stage {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Cast> {
        self.0.lock().expect("sound")
    }
}

impl Cast {
    pub(crate) fn role(&mut self, path: &str) -> &mut Role {
        self.roles.entry(path.to_owned()).or_default()
    }

    pub(crate) fn strategy(&mut self, sup: &str) -> String {
        let strategy = self.role(sup).spec["sup"]["strategy"].as_str();
        strategy.unwrap_or("one_for_one").to_owned()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        let mut roles = self.roles.values();
        roles.any(|role| matches!(role.state, State::Stopping(_)))
    }

    /// Gives a puppet the script that stands in its specification.
    pub(crate) fn install(&mut self, path: &str, spec: &Value) {
        let role = self.role(path);
        for (script, key) in [(&mut role.init, "init"), (&mut role.on_stop, "on_stop")] {
            if !spec[key].is_null() {
                *script = spec[key].clone();
            }
        }
    }

    /// What the attempt of a path does, now that it may have been asked to stop.
    pub(crate) fn act(&mut self, path: &str, asked: bool) -> Act {
        let now = self.now;
        let order = match self.orders.front() {
            Some((to, _)) if to != path => return Act::Wait,
            Some((_, order)) => Some(order.clone()),
            None => None,
        };
        let role = self.role(path);
        let on_stop = role.on_stop.as_str().unwrap_or("obey");
        let slow = Duration::from_millis(role.on_stop["slow"].as_u64().unwrap_or(0));
        match (role.state, order) {
            (State::Gone, _) => self.begin(path),
            (State::Held, Some(outcome)) => self.decide(path, &outcome),
            (State::Running | State::Dead, Some(reason)) => Act::End(ends(&reason)),
            (State::Running, None) if asked => {
                let until = if on_stop == "ignore" {
                    Duration::MAX
                } else {
                    now + slow
                };
                role.state = State::Stopping(until);
                self.act(path, asked)
            }
            (State::Stopping(until), _) if until <= now => {
                let reason = if on_stop == "obey" {
                    "shutdown"
                } else {
                    on_stop
                };
                let (end, order) = (ends(reason), (path.to_owned(), reason.to_owned()));
                self.orders.push_front(order);
                Act::End(end)
            }
            _ => Act::Wait,
        }
    }

    fn begin(&mut self, path: &str) -> Act {
        let role = self.role(path);
        role.starts += 1;
        let first = role.starts == 1;
        let init = role.init.as_array_mut().filter(|init| !init.is_empty());
        let outcome = init.map_or_else(|| json!("ok"), |init| init.remove(0));
        let children = role.spec["sup"]["children"].clone();
        for child in list(&children).iter().filter(|_| outcome == "ok") {
            let path = format!("{path}/{}", word(child, "id"));
            self.role(&path).spec = child.clone();
            if first {
                self.install(&path, child);
            }
        }
        self.decide(path, outcome.as_str().expect("a word"))
    }

    fn decide(&mut self, path: &str, outcome: &str) -> Act {
        self.orders.retain(|(to, _)| to != path);
        let role = self.role(path);
        let (state, word, act) = match outcome {
            "ok" if role.is_sup() => (State::Running, "sup", Act::End(Ends::Succeeded)),
            "ok" => (State::Running, "ok", Act::Ready),
            "hold" => (State::Held, "hold", Act::Wait),
            failed => (State::Gone, failed, Act::End(ends(failed))),
        };
        role.state = state;
        role.has_run |= state == State::Running;
        let line = json!(["start", path, role.starts, word]);
        self.trace.push(line);
        act
    }

    /// The attempt of a puppet has ended.
    pub(crate) fn end(&mut self, path: &str) {
        let order = self.orders.iter().position(|(to, _)| to == path);
        let order = order.and_then(|at| self.orders.remove(at));
        if !self.role(path).is_sup() {
            let reason = order.as_ref().map_or("killed", |(_, reason)| reason);
            self.exit(path, &[reason]);
        }
    }

    /// A puppet dies, and its supervisor cannot react before the orders have come to an end.
    pub(crate) fn die(&mut self, path: &str, reason: &str) {
        self.exit(path, &[reason]);
        self.role(path).state = State::Dead;
    }

    fn exit(&mut self, path: &str, why: &[&str]) {
        let role = self.role(path);
        let line = [json!("exit"), json!(path), json!(role.starts)].into_iter();
        let line: Value = line.chain(why.iter().map(|word| json!(word))).collect();
        let runs = role.runs();
        role.state = State::Gone;
        self.trace.extend(runs.then_some(line));
    }

    /// The lines of supervisors.
    pub(crate) fn see(&mut self, events: &[Event]) {
        for event in events {
            let path = otp_path(&event.path);
            match event.kind {
                EventKind::Started if self.role(&path).is_sup() && !self.inits.contains(&path) => {
                    self.begin(&path);
                }
                EventKind::SupervisorEnded(end) => match end {
                    SupervisorEnd::AutoShutdown => self.exit(&path, &["shutdown", "auto_shutdown"]),
                    SupervisorEnd::GaveUp => self.exit(&path, &["shutdown", "intensity"]),
                    SupervisorEnd::Requested if path == "root" && self.is_cut_off => {
                        self.exit(&path, &["killed"]);
                    }
                    SupervisorEnd::Killed => self.exit(&path, &["killed"]),
                    SupervisorEnd::Requested => self.exit(&path, &["shutdown", "requested"]),
                    _ => self.exit(&path, &["init_failed"]),
                },
                _ => {}
            }
        }
    }

    /// The trace of a step; what OTP leaves open is in the order of its README (section 4).
    pub(crate) fn take_trace(&mut self, step: &Value) -> Vec<Value> {
        let mut trace = take(&mut self.trace);
        let sup = |line: &Value| (line[0] == "exit").then(|| parent(word(line, 1)).to_owned());
        for run in trace.chunk_by_mut(|a, b| sup(a) == sup(b)) {
            if sup(&run[0]).is_some_and(|sup| self.strategy(&sup) == "simple_one_for_one") {
                run.sort_by_cached_key(by_path);
            }
        }
        let mut killed = trace.clone();
        killed.retain(|line| line[0] == "exit" && line[3] == "killed");
        for above in &killed {
            let prefix = format!("{}/", word(above, 1));
            let is_below = |it: &Value| killed.contains(it) && word(it, 1).starts_with(&prefix);
            let (mut below, mut rest): (Vec<_>, Vec<_>) = trace.into_iter().partition(is_below);
            below.sort_by_cached_key(by_path);
            let at = rest.iter().position(|line| line == above).expect("there") + 1;
            rest.splice(at..at, below);
            trace = rest;
        }
        let sup = parent(word(&step["exits"][0], "child"));
        if step["do"] == "burst" && self.strategy(sup).ends_with("one_for_one") {
            trace.sort_by_cached_key(|line| word(line, 1).to_owned());
        }
        trace
    }
}

impl Role {
    pub(crate) fn runs(&self) -> bool {
        self.state >= State::Running
    }

    pub(crate) fn is_sup(&self) -> bool {
        self.spec["sup"].is_object()
    }
}

fn ends(word: &str) -> Ends {
    match word {
        "error" | "fail" => Ends::Failed,
        "ignore" => Ends::Ignored,
        "panic" => Ends::Panicked,
        _ => Ends::Succeeded,
    }
}

/// The order of the ends that come at once.
fn by_path(line: &Value) -> (String, Option<u64>) {
    (word(line, 1).to_owned(), line[2].as_u64())
}

/// Our path in OTP's words; the root is called `root`.
pub(crate) fn otp_path(path: &str) -> String {
    format!("root/{path}").trim_end_matches('/').to_owned()
}

pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn word(value: &Value, key: impl serde_json::value::Index) -> &str {
    value[key].as_str().unwrap_or_default()
}
