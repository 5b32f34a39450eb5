//! The words of a recorded scenario, and what they are in ours: translation only.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use rust_supervisor::__world::Ends;
use rust_supervisor::ChildSpec;
use rust_supervisor::SupervisorSpec;
use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::event::failure::Failure;
use rust_supervisor::event::kind::{Event, EventKind, SupervisorEnd};
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::error::SpecProblem;
use rust_supervisor::spec::policy::{
    AutoShutdown, Intensity, Readiness, RestartPolicy, Shutdown, Strategy, WhileStarting,
};
use serde_json::{Value, json};

/// Our name for the init of a supervisor, which is a child of its own.
pub(crate) const INIT: &str = ":init";

/// Longer than any scenario.
const FOREVER: Duration = Duration::from_secs(100_000_000);

/// What the puppets do, and what has become of them; keyed by path.
#[derive(Debug, Default)]
pub(crate) struct Script {
    puppets: HashMap<String, Puppet>,
    /// Specifications of supervisors.
    pub(crate) sups: HashMap<String, Value>,
    /// Supervisors whose children have got their scripts.
    installed: HashSet<String>,
    types: HashMap<String, String>,
    /// Puppets that run, and their attempt.
    pub(crate) running: BTreeMap<String, u64>,
    /// Puppets whose init is held.
    pub(crate) held: BTreeMap<String, u64>,
}

#[derive(Debug, Default)]
struct Puppet {
    init: VecDeque<String>,
    on_stop: Option<Value>,
    /// Outcomes of the init, by attempt.
    outcomes: HashMap<u64, String>,
    /// What attempts end with.
    reasons: HashMap<u64, String>,
}

impl Script {
    /// A supervisor in our terms. Everything that OTP has a default for is said.
    pub(crate) fn supervisor(
        &mut self,
        sup: &Value,
        path: &str,
        puppet: &dyn Fn(&str) -> ChildSpec,
    ) -> SupervisorSpec {
        self.sups.insert(path.to_owned(), sup.clone());
        let strategy = word(sup, "strategy", "one_for_one");
        let restarts = u32::try_from(sup["intensity"].as_u64().unwrap_or(1)).expect("small");
        let period = Duration::from_secs(sup["period"].as_u64().unwrap_or(5));
        let children = array(&sup["children"]).iter();
        let children = children
            .map(|child| self.child(child, path, puppet))
            .collect();
        SupervisorSpec::root(children)
            .strategy(match strategy {
                "one_for_all" => Strategy::OneForAll,
                "rest_for_one" => Strategy::RestForOne,
                _ => Strategy::OneForOne,
            })
            .intensity(Intensity::new(restarts, period))
            .auto_shutdown(match word(sup, "auto_shutdown", "never") {
                "any_significant" => AutoShutdown::AnySignificant,
                "all_significant" => AutoShutdown::AllSignificant,
                _ => AutoShutdown::Never,
            })
            .while_starting(WhileStarting::Wait)
            .pool(strategy == "simple_one_for_one")
    }

    /// A child of the supervisor at `parent`.
    pub(crate) fn child(
        &mut self,
        child: &Value,
        parent: &str,
        puppet: &dyn Fn(&str) -> ChildSpec,
    ) -> ChildSpec {
        let id = child["id"].as_str().expect("a child has an id");
        let path = format!("{parent}/{id}");
        let kind = word(child, "type", "worker");
        self.types.insert(path.clone(), kind.to_owned());
        let spec = if child["sup"].is_object() {
            let mut sup = self.supervisor(&child["sup"], &path, puppet);
            if child["init"].is_array() {
                sup = sup.init(puppet(&path).named(INIT));
            }
            ChildSpec::supervisor(id, sup)
        } else {
            puppet(&path).named(id)
        };
        let shutdown = match &child["shutdown"] {
            Value::Number(ms) => Shutdown::Within(millis(ms.as_u64().expect("milliseconds"))),
            Value::String(word) if word == "brutal_kill" => Shutdown::Abort,
            Value::Null if kind == "worker" => Shutdown::Within(Duration::from_secs(5)),
            _ => Shutdown::Infinity,
        };
        spec.restart(match word(child, "restart", "permanent") {
            "temporary" => RestartPolicy::Temporary,
            "transient" => RestartPolicy::Transient,
            _ => RestartPolicy::Permanent,
        })
        .backoff(Backoff::none())
        .shutdown(shutdown)
        .significant(child["significant"].as_bool().unwrap_or(false))
        .readiness(Readiness::Explicit)
        .ready_within(FOREVER)
    }

    /// Gives a puppet the script that stands in its specification.
    pub(crate) fn install(&mut self, path: &str, child: &Value) {
        let puppet = self.puppets.entry(path.to_owned()).or_default();
        if !child["init"].is_null() {
            puppet.init = words(&child["init"]);
        }
        if !child["on_stop"].is_null() {
            puppet.on_stop = Some(child["on_stop"].clone());
        }
    }

    /// What the init of attempt `n` does.
    pub(crate) fn begin(&mut self, path: &str, n: u64) -> String {
        let parent = parent(path).to_owned();
        if !self.installed.contains(&parent) {
            let sup = self.sups.get(&parent).cloned().unwrap_or_default();
            self.installed.insert(parent.clone());
            // Its first attempt may have ended in its own init.
            let init = self
                .puppets
                .get(&parent)
                .and_then(|puppet| puppet.outcomes.get(&1));
            let starts = init.is_none_or(|init| init == "ok");
            for child in array(&sup["children"]).iter().filter(|_| starts) {
                self.install(
                    &format!("{parent}/{}", child["id"].as_str().unwrap()),
                    child,
                );
            }
        }
        let puppet = self.puppets.entry(path.to_owned()).or_default();
        let outcome = puppet.init.pop_front().unwrap_or_else(|| "ok".to_owned());
        puppet.outcomes.insert(n, outcome.clone());
        if outcome == "hold" {
            self.held.insert(path.to_owned(), n);
        }
        outcome
    }

    /// Decides a held init.
    pub(crate) fn release(&mut self, path: &str) -> bool {
        self.held.remove(path).is_some()
    }

    pub(crate) fn set_init(&mut self, path: &str, outcomes: &Value) {
        self.puppets.entry(path.to_owned()).or_default().init = words(outcomes);
    }

    pub(crate) fn on_stop(&self, path: &str) -> Value {
        let puppet = self.puppets.get(path);
        puppet
            .and_then(|puppet| puppet.on_stop.clone())
            .unwrap_or_else(|| json!("obey"))
    }

    /// Notes what attempt `n` ends with.
    pub(crate) fn ending(&mut self, path: &str, n: u64, reason: &str) -> Ends {
        let puppet = self.puppets.entry(path.to_owned()).or_default();
        puppet.reasons.insert(n, reason.to_owned());
        match reason {
            "error" => Ends::Failed,
            "panic" => Ends::Panicked,
            "kill" => Ends::Aborted,
            _ => Ends::Succeeded,
        }
    }

    pub(crate) fn has_run(&self, path: &str) -> bool {
        let puppet = self.puppets.get(path);
        puppet.is_some_and(|puppet| puppet.outcomes.values().any(|outcome| outcome == "ok"))
    }

    pub(crate) fn is_pool(&self, path: &str) -> bool {
        self.sups
            .get(path)
            .is_some_and(|sup| sup["strategy"] == "simple_one_for_one")
    }

    /// An event of ours in OTP's words, if it has any.
    pub(crate) fn translate(&mut self, event: &Event) -> Option<Value> {
        let path = otp_path(&event.path);
        let n = event.generation.map_or(0, |generation| generation + 1);
        if last(&path) == INIT {
            return None;
        }
        if self.sups.contains_key(&path) {
            let puppet = self.puppets.get(&path);
            let init = puppet
                .and_then(|puppet| puppet.outcomes.get(&n))
                .filter(|init| *init != "ok");
            return match event.kind {
                EventKind::Started => Some(json!([
                    "start",
                    path,
                    n,
                    init.map_or("sup", String::as_str)
                ])),
                EventKind::SupervisorEnded(_) if init.is_some() => None,
                EventKind::SupervisorEnded(end) => Some(match end {
                    SupervisorEnd::Killed => json!(["exit", path, n, "killed"]),
                    SupervisorEnd::StartFailed => json!(["exit", path, n, "init_failed"]),
                    SupervisorEnd::Requested => json!(["exit", path, n, "shutdown", "requested"]),
                    SupervisorEnd::GaveUp => json!(["exit", path, n, "shutdown", "intensity"]),
                    _ => json!(["exit", path, n, "shutdown", "auto_shutdown"]),
                }),
                _ => None,
            };
        }
        let puppet = self.puppets.entry(path.clone()).or_default();
        let outcome = puppet.outcomes.get(&n).cloned();
        match (&event.kind, outcome.as_deref()) {
            (EventKind::Started, Some(outcome)) => {
                if outcome == "ok" {
                    self.running.insert(path.clone(), n);
                }
                Some(json!(["start", path, n, outcome]))
            }
            (EventKind::Ready, Some("hold")) => {
                puppet.outcomes.insert(n, "ok".to_owned());
                self.running.insert(path.clone(), n);
                Some(json!(["start", path, n, "ok"]))
            }
            (EventKind::Exited(exit), Some("hold")) => match exit.kind {
                ExitKind::Failed(_) => Some(json!(["start", path, n, "fail"])),
                ExitKind::Panicked(_) => Some(json!(["start", path, n, "panic"])),
                ExitKind::Ignored => Some(json!(["start", path, n, "ignore"])),
                _ => None,
            },
            (EventKind::Exited(_), Some("ok")) => {
                self.running.remove(&path);
                let reason = puppet.reasons.remove(&n);
                let reason = reason.unwrap_or_else(|| "killed".to_owned());
                Some(json!(["exit", path, n, reason]))
            }
            _ => None,
        }
    }

    /// The answer to `which_children`.
    pub(crate) fn which(&self, sup: &str, children: &[ChildSnapshot]) -> Value {
        let row = |child: &ChildSnapshot| {
            let path = otp_path(&child.path);
            let state = state(child.state);
            let restarting = self.is_pool(sup) && state == "restarting";
            let name = if restarting { "?" } else { last(&path) };
            json!([name, self.types.get(&path), state])
        };
        let mut rows: Vec<Value> = children.iter().map(row).collect();
        if self.is_pool(sup) {
            rows.sort_by_key(Value::to_string);
        }
        Value::Array(rows)
    }

    /// The answer to `count_children`.
    pub(crate) fn count(&self, sup: &str, children: &[ChildSnapshot]) -> Value {
        let rows = self.which(sup, children);
        let of = |kind: &str| array(&rows).iter().filter(|row| row[1] == kind).count();
        let specs = if self.is_pool(sup) { 1 } else { children.len() };
        // OTP counts processes, and those that have died are none, whether it has noticed or not.
        let active = children
            .iter()
            .filter(|child| state(child.state) == "running" && child.state != ChildState::Exited);
        json!({
            "specs": specs, "active": active.count(),
            "supervisors": of("supervisor"), "workers": of("worker"),
        })
    }
}

/// OTP's word for a state.
pub(crate) fn state(state: ChildState) -> &'static str {
    match state {
        ChildState::Running
        | ChildState::Starting
        | ChildState::Stopping
        | ChildState::Exited
        | ChildState::Aborting => "running",
        ChildState::Backoff | ChildState::Waiting => "restarting",
        _ => "undefined",
    }
}

/// `start_failed`, seen from the child (or tree) at `from`.
pub(crate) fn start_failed(failure: &Failure, from: &str) -> Value {
    let first = failure.first_cause();
    let child = otp_path(&first.child);
    let child = child.trim_end_matches(INIT).trim_end_matches('/');
    let below = child.strip_prefix(from).unwrap_or(child);
    let path: Vec<&str> = below.split('/').filter(|id| !id.is_empty()).collect();
    let panicked = first
        .exit
        .as_ref()
        .is_some_and(|exit| matches!(exit.kind, ExitKind::Panicked(_)));
    json!({"error": "start_failed", "path": path, "cause": if panicked { "panic" } else { "fail" }})
}

/// A specification that is not sound.
pub(crate) fn invalid(problem: &SpecProblem) -> Value {
    match problem {
        SpecProblem::DuplicateName { .. } => json!({"error": "duplicate_child_name"}),
        SpecProblem::SignificantPermanent { .. }
        | SpecProblem::SignificantWithoutAutoShutdown { .. } => json!({"error": "bad_combination"}),
        other => json!({"error": other.to_string()}),
    }
}

/// The order of events that OTP does not guarantee, made one (README of the corpus, section 4).
pub(crate) fn normalise(mut events: Vec<Value>, step: &Value, script: &Script) -> Vec<Value> {
    let path = |event: &Value| event[1].as_str().unwrap_or_default().to_owned();
    let text = |event: &Value| (path(event), event.to_string());
    let mut at = 0;
    while at < events.len() {
        let parent_of = |event: &Value| parent(event[1].as_str().unwrap()).to_owned();
        let sup = parent_of(&events[at]);
        let same = |event: &&Value| event[0] == "exit" && parent_of(event) == sup;
        let run = events[at..].iter().take_while(same).count();
        if script.is_pool(&sup) {
            events[at..at + run].sort_by_key(text);
        }
        at += run.max(1);
    }
    let killed = |event: &Value| event[0] == "exit" && event[3] == "killed";
    let sups: Vec<String> = events
        .iter()
        .filter(|event| killed(event))
        .map(path)
        .collect();
    for sup in sups
        .into_iter()
        .filter(|path| script.sups.contains_key(path))
    {
        let below = |event: &Value| killed(event) && path(event).starts_with(&format!("{sup}/"));
        let (mut moved, rest): (Vec<Value>, Vec<Value>) = events.into_iter().partition(below);
        moved.sort_by_key(text);
        events = rest;
        let at = events
            .iter()
            .rposition(|event| killed(event) && path(event) == sup);
        let at = at.map_or(events.len(), |at| at + 1);
        events.splice(at..at, moved);
    }
    if step["do"] == "burst" {
        // Who has died by then has, whatever the supervisor has done about another.
        for exit in array(&step["exits"]).iter().rev() {
            let at = |event: &Value| event[0] == "exit" && event[1] == exit["child"];
            if let Some(at) = events.iter().position(at) {
                events[..=at].rotate_right(1);
            }
        }
        let sup = parent(step["exits"][0]["child"].as_str().unwrap_or_default());
        let strategy = script
            .sups
            .get(sup)
            .map_or("", |sup| word(sup, "strategy", "one_for_one"));
        if matches!(strategy, "one_for_one" | "simple_one_for_one") {
            events.sort_by_key(path);
        }
    }
    events
}

/// Our path in OTP's words; the root is called `root`.
pub(crate) fn otp_path(path: &str) -> String {
    format!("root/{path}").trim_end_matches('/').to_owned()
}

/// The other way round.
pub(crate) fn our_path(path: &str) -> &str {
    path.strip_prefix("root")
        .unwrap_or(path)
        .trim_start_matches('/')
}

pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(crate) fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> VecDeque<String> {
    array(value)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn word<'a>(value: &'a Value, key: &str, default: &'a str) -> &'a str {
    value[key].as_str().unwrap_or(default)
}
