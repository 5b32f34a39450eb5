//! Plays a scenario: its tree, its steps and what they answer, in our terms.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rust_supervisor::__world::{Ask, Said};
use rust_supervisor::error::types::SupervisorError;
use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::event::failure::Failure;
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::error::SpecProblem;
use rust_supervisor::spec::policy::{
    AutoShutdown, Intensity, Readiness, RestartPolicy, Shutdown, Strategy, WhileStarting,
};
use rust_supervisor::{ChildSpec, SupervisorSpec};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::levels::{Answer, Call, Level, puppet};
use crate::puppets::{Stage, State, list, otp_path, parent, word};

struct Run<'a, L> {
    level: L,
    stage: Stage,
    /// Calls without an answer, with their steps.
    calls: Vec<(&'a Value, Put)>,
}

/// A call, or what is answered without one.
type Put = Result<Call, Value>;

pub(crate) fn play<L: Level>(scenario: &Value) -> Result<(), String> {
    let stage = Stage::default();
    stage.lock().role("root").spec = json!({"sup": scenario["tree"]});
    inits(list(&scenario["steps"]), &stage);
    let (level, start) = L::start(&stage, tree(&scenario["tree"], "root", &stage));
    let around = json!([{"do": "start"}, {"do": "final_snapshot"}, {"do": "stop"}]);
    let (first, last) = list(&around).split_at(1);
    let calls = vec![(&first[0], Ok(start))];
    let mut run = Run {
        level,
        stage,
        calls,
    };
    for (at, step) in first
        .iter()
        .chain(list(&scenario["steps"]))
        .chain(last)
        .enumerate()
    {
        let expected = &scenario["expect"][at];
        let expected = json!([expected["result"], expected["events"]]);
        let got = run.step(step);
        if got != expected {
            return Err(format!("step {at} {step}: expected {expected}, got {got}"));
        }
    }
    let steps = list(&scenario["steps"]).len() + list(&around).len();
    match list(&scenario["expect"]).get(steps) {
        Some(more) => Err(format!("step {steps}: expected {more}, got none")),
        None => Ok(()),
    }
}

impl<'a, L: Level> Run<'a, L> {
    fn step(&mut self, step: &'a Value) -> Value {
        let child = word(step, "child");
        let releases =
            step["do"] == "release" && self.stage.lock().role(child).state == State::Held;
        let puts = if releases {
            list(&step["meanwhile"])
        } else {
            std::slice::from_ref(step)
        };
        for step in puts.iter().filter(|step| step["do"] != "start") {
            let call = self.put(step);
            self.calls.push((step, call));
            if releases {
                // It has come to where it waits before the next is issued.
                self.pass(0);
            }
        }
        let mut from = self.calls.len().saturating_sub(1);
        if releases {
            from = 0;
            self.order(step, "outcome");
        }
        self.pass(0);
        let mut results = Vec::new();
        for (step, mut call) in self.calls.split_off(from) {
            let result = self.result(step, &mut call);
            results.push(result.clone().unwrap_or_else(|| json!("pending")));
            self.calls.extend(result.is_none().then_some((step, call)));
        }
        let result = if releases {
            json!({"ok": results})
        } else {
            results.remove(0)
        };
        json!([result, self.stage.lock().take_trace(step)])
    }

    fn order(&self, step: &Value, key: &str) {
        let order = (word(step, "child").to_owned(), word(step, key).to_owned());
        self.stage.lock().orders.push_back(order);
    }

    /// Lets time pass, and every stop come to its end.
    fn pass(&mut self, ms: u64) {
        let time = Duration::from_millis(ms);
        self.stage.lock().now += time;
        self.level.pass(time);
        if self.stage.lock().is_stopping() {
            self.pass(10);
        }
    }

    /// Carries out a step, or begins to.
    fn put(&mut self, step: &Value) -> Put {
        let child = word(step, "child");
        let exits = match word(step, "do") {
            "burst" => list(&step["exits"]),
            _ => std::slice::from_ref(step),
        };
        let runs = |exit| self.stage.lock().role(word(exit, "child")).runs();
        let run = exits.iter().all(runs);
        match word(step, "do") {
            "final_snapshot" => return Err(self.snapshot("root")),
            "release" => return Err(json!("not_held")),
            "exit" | "burst" if !run => return Err(json!("not_running")),
            "exit" if step["reason"] == "kill" => {
                let kill = match child {
                    "root" => Ask::ShutdownWithin(Duration::ZERO),
                    _ => Ask::Kill,
                };
                self.stage.lock().is_cut_off |= child == "root";
                _ = self.level.ask(our_path(child), kill);
            }
            call @ ("exit" | "burst") => {
                for exit in exits {
                    if call == "burst" {
                        let mut cast = self.stage.lock();
                        cast.die(word(exit, "child"), word(exit, "reason"));
                    }
                    self.order(exit, "reason");
                }
                self.level.pass(Duration::ZERO);
            }
            "sleep" => self.pass(step["ms"].as_u64().expect("a time")),
            "set_init" => self.stage.lock().role(child).init = step["outcomes"].clone(),
            "set_on_stop" => self.stage.lock().role(child).on_stop = step["on_stop"].clone(),
            call => return self.call(call, step),
        }
        Err(json!("ok"))
    }

    fn call(&mut self, call: &str, step: &Value) -> Put {
        let sup = step["sup"].as_str().unwrap_or("root");
        let children = self.level.children();
        let mut cast = self.stage.lock();
        if !cast.role(sup).runs() {
            return Err(json!("noproc"));
        }
        let is_pool = cast.strategy(sup) == "simple_one_for_one";
        let path = format!("{sup}/{}{}", word(step, "id"), word(step, "instance"));
        let (path, ask) = match call {
            "stop" => (sup, Ask::Shutdown),
            "count_children" | "which_children" => (sup, Ask::Children),
            "start_child" => {
                let mut spec = step["spec"].clone();
                if is_pool {
                    spec = cast.role(sup).spec["sup"]["template"].clone();
                    spec["id"] = step["instance"].clone();
                    for key in ["init", "on_stop"] {
                        spec[key] = step[key].clone();
                    }
                }
                let path = format!("{sup}/{}", word(&spec, "id"));
                cast.install(&path, &spec);
                if !children.iter().any(|it| otp_path(&it.path) == path) {
                    cast.role(&path).spec = spec.clone();
                }
                drop(cast);
                let child = child(&spec, sup, &self.stage);
                return Ok(self.level.ask(our_path(sup), Ask::Add(child)));
            }
            // Refused, when its turn comes.
            _ if is_pool && !step["id"].is_null() => (sup, Ask::Children),
            "terminate_child" if is_pool && !cast.role(&path).has_run => {
                return Err(json!("not_running"));
            }
            "terminate_child" => (&*path, Ask::Stop),
            "restart_child" => (&*path, Ask::Resume),
            "delete_child" => (&*path, Ask::Delete),
            other => panic!("there is no step `{other}`"),
        };
        drop(cast);
        Ok(self.level.ask(our_path(path), ask))
    }

    fn result(&self, step: &Value, put: &mut Put) -> Option<Value> {
        let call = match put {
            Ok(call) => call,
            Err(result) => return Some(result.clone()),
        };
        if step["do"] == "terminate_child" {
            // It is answered when that has come to its end.
            let path = format!("{}/{}", word(step, "sup"), word(step, "id"));
            let stops = |child: &ChildSnapshot| {
                matches!(child.state, ChildState::Stopping | ChildState::Aborting)
                    && otp_path(&child.path) == path
            };
            if self.level.children().iter().any(stops) {
                return None;
            }
        }
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => None,
            Poll::Ready(answer) => Some(self.answered(step, answer)),
        }
    }

    fn answered(&self, step: &Value, answer: Answer) -> Value {
        let sup = step["sup"].as_str().unwrap_or("root");
        let error = match answer {
            Ok(Said::Children(_)) if !step["id"].is_null() => "simple_one_for_one",
            Ok(Said::Children(children)) => {
                let of_step = usize::from(step["do"] == "count_children");
                return self.rows(sup, &children)[of_step].clone();
            }
            Ok(Said::Declined) => return json!({"ok": "undefined"}),
            Ok(Said::FoundSo(now)) if step["do"] == "restart_child" => state(now),
            Ok(_) => return json!("ok"),
            Err(SupervisorError::ChildExists {
                state: ChildState::Running | ChildState::Starting,
                ..
            }) => "already_started",
            Err(SupervisorError::ChildExists { .. }) => "already_present",
            Err(SupervisorError::InvalidSpec(invalid)) => match invalid.problems[0] {
                SpecProblem::DuplicateName { .. } => "duplicate_child_name",
                _ => "bad_combination",
            },
            Err(SupervisorError::NotDown { state: now, .. }) => match now {
                ChildState::Backoff | ChildState::Waiting => "restarting",
                _ => "running",
            },
            Err(SupervisorError::StartFailed { failure, .. }) => {
                // From the child that was to be started; of a whole tree, from the root.
                let above = step["sup"].as_str().map_or(0, |sup| sup.split('/').count());
                return start_failed(&failure, above + 1);
            }
            // An instance that has ended is gone, and terminated all the same.
            Err(SupervisorError::UnknownChild { .. }) if !step["instance"].is_null() => {
                return json!("ok");
            }
            Err(SupervisorError::UnknownChild { .. }) => "not_found",
            Err(_) => return json!("noproc"),
        };
        json!({ "error": error })
    }

    /// What `which_children` and `count_children` answer.
    fn rows(&self, sup: &str, children: &[ChildSnapshot]) -> [Value; 2] {
        let mut cast = self.stage.lock();
        let is_pool = cast.strategy(sup) == "simple_one_for_one";
        let (mut rows, mut active, mut supervisors) = (Vec::new(), 0, 0);
        for child in children {
            let (path, state) = (otp_path(&child.path), state(child.state));
            let kind = cast.role(&path).spec["type"].as_str().unwrap_or("worker");
            let is_nameless = is_pool && state == "restarting";
            let id = if is_nameless {
                "?"
            } else {
                &path[sup.len() + 1..]
            };
            rows.push(json!([id, kind, state]));
            // OTP counts processes: those that have died are none, whether it knows or not; in a pool,
            // those that it knows of.
            let is_dead = !is_pool && child.state == ChildState::Exited;
            active += usize::from(state == "running" && !is_dead);
            supervisors += usize::from(kind == "supervisor");
        }
        if is_pool {
            rows.sort_by_cached_key(Value::to_string);
        }
        let (specs, workers) = (
            if is_pool { 1 } else { rows.len() },
            rows.len() - supervisors,
        );
        let counts = json!({
            "specs": specs, "active": active, "supervisors": supervisors, "workers": workers
        });
        [json!(rows), counts]
    }

    fn snapshot(&self, sup: &str) -> Value {
        if !self.stage.lock().role(sup).runs() {
            return Value::Null;
        }
        let mut children = self.level.children();
        children.retain(|child| parent(&otp_path(&child.path)) == sup);
        let [rows, counts] = self.rows(sup, &children);
        let subs = children.iter().filter(|child| child.is_supervisor());
        let subs = subs.map(|child| self.snapshot(&otp_path(&child.path)));
        let subs: Vec<Value> = subs.filter(|sub| !sub.is_null()).collect();
        json!({"sup": sup, "children": rows, "counts": counts, "subs": subs})
    }
}

/// Whose inits the steps write: those of supervisors are puppets then.
fn inits(steps: &[Value], stage: &Stage) {
    for step in steps {
        let child = match word(step, "do") {
            "set_init" => word(step, "child").to_owned(),
            "start_child" if step["spec"]["init"].is_array() => {
                format!("{}/{}", word(step, "sup"), word(&step["spec"], "id"))
            }
            _ => String::new(),
        };
        stage.lock().inits.insert(child);
        inits(list(&step["meanwhile"]), stage);
    }
}

/// A supervisor; everything that OTP has a default for is said.
fn tree(sup: &Value, path: &str, stage: &Stage) -> SupervisorSpec {
    let pool = sup["strategy"] == "simple_one_for_one";
    let strategy = if pool { &Value::Null } else { &sup["strategy"] };
    let period = Duration::from_secs(or(&sup["period"], 5));
    let children = list(&sup["children"]).iter();
    SupervisorSpec::root(children.map(|spec| child(spec, path, stage)).collect())
        .strategy(or(strategy, Strategy::OneForOne))
        .pool(pool)
        .intensity(Intensity::new(or(&sup["intensity"], 1), period))
        .auto_shutdown(or(&sup["auto_shutdown"], AutoShutdown::Never))
        .while_starting(WhileStarting::Wait)
}

fn child(child: &Value, parent: &str, stage: &Stage) -> ChildSpec {
    let id = word(child, "id");
    let path = format!("{parent}/{id}");
    let spec = if child["sup"].is_null() {
        let forever = Duration::from_secs(100_000_000);
        let puppet = puppet(&path, stage).named(id);
        puppet.readiness(Readiness::Explicit).ready_within(forever)
    } else {
        let mut sup = tree(&child["sup"], &path, stage);
        let mut cast = stage.lock();
        if child["init"].is_array() || cast.inits.contains(&path) {
            cast.inits.insert(path.clone());
            sup = sup.init(puppet(&path, stage).named(":init"));
        }
        ChildSpec::supervisor(id, sup)
    };
    let of_worker = Shutdown::Within(Duration::from_secs(5));
    spec.restart(or(&child["restart"], RestartPolicy::Permanent))
        .significant(or(&child["significant"], false))
        .backoff(Backoff::none())
        .shutdown(match &child["shutdown"] {
            Value::Number(ms) => Shutdown::Within(Duration::from_millis(ms.as_u64().unwrap())),
            Value::String(word) if word == "brutal_kill" => Shutdown::Abort,
            Value::Null if child["type"] != "supervisor" => of_worker,
            _ => Shutdown::Infinity,
        })
}

fn or<T: DeserializeOwned>(value: &Value, default: T) -> T {
    if value.is_null() {
        return default;
    }
    T::deserialize(value).unwrap_or_else(|error| panic!("{value}: {error}"))
}

/// OTP's word for a state.
fn state(state: ChildState) -> &'static str {
    use ChildState as S;
    match state {
        S::Running | S::Starting | S::Stopping | S::Exited | S::Aborting => "running",
        S::Backoff | S::Waiting => "restarting",
        _ => "undefined",
    }
}

fn start_failed(failure: &Failure, above: usize) -> Value {
    let first = failure.first_cause();
    let child = otp_path(&first.child).replace("/:init", "");
    let path: Vec<&str> = child.split('/').skip(above).collect();
    let panicked = matches!(first.exit().map(|it| &it.kind), Some(ExitKind::Panicked(_)));
    json!({"error": "start_failed", "path": path, "cause": if panicked { "panic" } else { "fail" }})
}

/// OTP's path in our words.
fn our_path(path: &str) -> &str {
    path.strip_prefix("root")
        .unwrap_or(path)
        .trim_start_matches('/')
}
