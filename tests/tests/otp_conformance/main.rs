//! What OTP's supervisor did in recorded scenarios, compared with what ours does, step by step.
//!
//! Scenarios are read from the directories in `OTP_CORPUS`, separated by `:`, or from `tests/otp`.

mod machine;
mod runtime;
mod scenario;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::__world::{Ask, No, Said};
use rust_supervisor::event::failure::Failure;
use rust_supervisor::event::kind::Event;
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::spec::error::InvalidSpec;
use rust_supervisor::{ChildSpec, SupervisorSpec};
use serde_json::{Value, json};

use self::runtime::Stage;
use self::scenario::{Script, array, millis, our_path, parent, start_failed};

/// What runs the tree: the machine alone, or the runtime.
trait Level: Sized {
    fn puppet(stage: &Arc<Stage>, path: &str) -> ChildSpec;
    fn new(stage: Arc<Stage>, spec: SupervisorSpec) -> Result<Self, InvalidSpec>;
    /// Whether the start is complete, or why it has failed.
    fn started(&mut self) -> Option<Result<(), Arc<Failure>>>;
    fn is_over(&self) -> bool;
    fn ask(&mut self, path: &str, ask: Ask) -> u64;
    fn answer(&mut self, ticket: u64) -> Option<Result<Said, No>>;
    /// Several attempts end before their supervisor can react.
    fn end(&mut self, ends: &[(&str, &str)]);
    /// Tells a held init its outcome.
    fn release(&mut self, path: &str, outcome: &str);
    /// Lets everything happen that needs no new stimulus.
    fn quiesce(&mut self);
    fn sleep(&mut self, time: Duration);
    fn events(&mut self) -> Vec<Event>;
    fn children(&self) -> Vec<ChildSnapshot>;
}

/// A call whose answer may come later.
enum Call {
    Done(Value),
    Asked { ticket: u64, step: Value },
    Stopping,
}

struct Run<L> {
    level: L,
    stage: Arc<Stage>,
    pending: Vec<Call>,
}

fn main() -> ExitCode {
    let corpus = std::env::var("OTP_CORPUS");
    let corpus = corpus.unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/otp").to_owned());
    let mut files = Vec::new();
    for directory in corpus.split(':').filter(|directory| !directory.is_empty()) {
        find(Path::new(directory), &mut files);
    }
    files.sort();
    assert!(!files.is_empty(), "no scenarios in `{corpus}`");
    // Puppets panic on purpose.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<runtime::Puppet>() {
            hook(info);
        }
    }));
    let machine = run_all::<machine::Machine>("machine", &files);
    let runtime = run_all::<runtime::Runtime>("runtime", &files);
    if machine && runtime {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(directory);
    for entry in entries.unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            find(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            files.push(path);
        }
    }
}

fn run_all<L: Level>(level: &str, files: &[PathBuf]) -> bool {
    let (mut passed, mut failed) = (0, 0);
    for file in files {
        let text = std::fs::read_to_string(file).expect("readable");
        let scenario: Value = serde_json::from_str(&text).expect("JSON");
        match run::<L>(&scenario) {
            Ok(()) => passed += 1,
            Err(difference) => {
                failed += 1;
                println!(
                    "{level} {}: {difference}",
                    scenario["name"].as_str().unwrap_or("?")
                );
            }
        }
    }
    println!("{level}: {passed} passed, {failed} failed, 0 skipped");
    failed == 0
}

fn run<L: Level>(scenario: &Value) -> Result<(), String> {
    let mut steps = vec![json!({"do": "start"})];
    steps.extend_from_slice(array(&scenario["steps"]));
    steps.extend([json!({"do": "final_snapshot"}), json!({"do": "stop"})]);
    let mut run: Option<Run<L>> = None;
    for (at, (step, expected)) in steps.iter().zip(array(&scenario["expect"])).enumerate() {
        let got = if at == 0 {
            let stage = Arc::<Stage>::default();
            let puppet = |path: &str| L::puppet(&stage, path);
            let spec = stage
                .script()
                .supervisor(&scenario["tree"], "root", &puppet);
            match L::new(Arc::clone(&stage), spec) {
                Err(error) => json!([scenario::invalid(&error.problems[0]), []]),
                Ok(level) => {
                    let pending = Vec::new();
                    run.insert(Run {
                        level,
                        stage,
                        pending,
                    })
                    .step(step)
                }
            }
        } else if let Some(run) = &mut run {
            run.step(step)
        } else {
            let result = match step["do"].as_str() {
                Some("final_snapshot") => Value::Null,
                Some("exit" | "burst") => json!("not_running"),
                Some("release") => json!("not_held"),
                Some("set_init" | "set_on_stop" | "sleep") => json!("ok"),
                _ => json!("noproc"),
            };
            json!([result, []])
        };
        let expected = json!([expected["result"], expected["events"]]);
        if got != expected {
            return Err(format!(
                "step {at} {step}\n  expected {expected}\n  got      {got}"
            ));
        }
    }
    Ok(())
}

impl<L: Level> Run<L> {
    fn step(&mut self, step: &Value) -> Value {
        let call = self.put(step);
        let release = step["do"] == "release" && call.is_none();
        match call {
            Some(Call::Done(_)) | None => {}
            Some(_) => {}
        }
        let ticket = call.map(|call| self.pending.push(call));
        self.level.quiesce();
        let events = self.level.events();
        let events: Vec<Value> = events
            .iter()
            .filter_map(|event| self.stage.script().translate(event))
            .collect();
        let result = if release {
            let pending = std::mem::take(&mut self.pending);
            let mut results = Vec::new();
            for call in pending {
                let (result, call) = self.result(call);
                self.pending.extend(call);
                results.push(result);
            }
            json!({"ok": results})
        } else if ticket.is_some() {
            let call = self.pending.pop().expect("just put");
            let (result, call) = self.result(call);
            self.pending.extend(call);
            result
        } else {
            Value::Null
        };
        let result = if step["do"] == "final_snapshot" {
            self.snapshot("root")
        } else {
            result
        };
        let events = scenario::normalise(events, step, &self.stage.script());
        json!([result, events])
    }

    /// Carries out a step. A release has no result of its own.
    fn put(&mut self, step: &Value) -> Option<Call> {
        let child = step["child"].as_str().unwrap_or_default();
        let done = |value: Value| Some(Call::Done(value));
        match step["do"].as_str().expect("a step says what to do") {
            "start" => Some(Call::Asked {
                ticket: 0,
                step: step.clone(),
            }),
            "final_snapshot" => done(Value::Null),
            "stop" if self.level.is_over() => done(json!("noproc")),
            "stop" => {
                self.level.ask("", Ask::Shutdown);
                Some(Call::Stopping)
            }
            "sleep" => {
                self.level
                    .sleep(millis(step["ms"].as_u64().expect("milliseconds")));
                done(json!("ok"))
            }
            "set_init" => {
                self.stage.script().set_init(child, &step["outcomes"]);
                done(json!("ok"))
            }
            "set_on_stop" => {
                self.stage
                    .script()
                    .install(child, &json!({"on_stop": step["on_stop"]}));
                done(json!("ok"))
            }
            "exit" if step["reason"] == "kill" => {
                let running = self.stage.script().running.contains_key(child);
                if !running && !self.is_alive(child) {
                    return done(json!("not_running"));
                }
                self.level.ask(our_path(child), Ask::Kill);
                done(json!("ok"))
            }
            "exit" => done(self.end(std::slice::from_ref(step))),
            "burst" => done(self.end(array(&step["exits"]))),
            "release" if !self.stage.script().release(child) => done(json!("not_held")),
            "release" => {
                for step in array(&step["meanwhile"]) {
                    let call = self.put(step);
                    self.pending.extend(call);
                }
                self.level.release(
                    our_path(child),
                    step["outcome"].as_str().expect("an outcome"),
                );
                None
            }
            call => Some(self.call(call, step)),
        }
    }

    fn end(&mut self, exits: &[Value]) -> Value {
        let word = |exit: &'_ Value, key: &str| exit[key].as_str().expect("a word").to_owned();
        let children: Vec<String> = exits.iter().map(|exit| word(exit, "child")).collect();
        let reasons: Vec<String> = exits.iter().map(|exit| word(exit, "reason")).collect();
        let running = |child: &String| self.stage.script().running.contains_key(child);
        if !children.iter().all(running) {
            return json!("not_running");
        }
        let ends = children
            .iter()
            .map(|child| our_path(child))
            .zip(reasons.iter());
        let ends: Vec<(&str, &str)> = ends.map(|(child, reason)| (child, &**reason)).collect();
        self.level.end(&ends);
        json!("ok")
    }

    /// A call of the supervisor's API.
    fn call(&mut self, call: &str, step: &Value) -> Call {
        let sup = step["sup"].as_str().expect("a call names a supervisor");
        if !self.is_alive(sup) {
            return Call::Done(json!("noproc"));
        }
        let id = step["id"]
            .as_str()
            .or_else(|| step["instance"].as_str())
            .unwrap_or_default();
        let path = format!("{sup}/{id}");
        let by_id = !step["id"].is_null() && self.stage.script().is_pool(sup);
        let (path, ask) = match call {
            "start_child" => {
                let mut spec = step["spec"].clone();
                if let Some(instance) = step["instance"].as_str() {
                    spec = self.stage.script().sups[sup]["template"].clone();
                    spec["id"] = json!(instance);
                    for key in ["init", "on_stop"] {
                        spec[key] = step[key].clone();
                    }
                }
                let path = format!("{sup}/{}", spec["id"].as_str().expect("a child has an id"));
                self.stage.script().install(&path, &spec);
                // What is known of a child that is there does not change.
                let mut other = Script::default();
                let there = self.is_present(&path);
                let mut known = self.stage.script();
                let script = if there { &mut other } else { &mut *known };
                let child = script.child(&spec, sup, &|path| L::puppet(&self.stage, path));
                drop(known);
                (sup.to_owned(), Ask::Add(child))
            }
            "terminate_child" | "restart_child" | "delete_child" if by_id => {
                return Call::Done(json!({"error": "simple_one_for_one"}));
            }
            "terminate_child" if step["id"].is_null() && !self.stage.script().has_run(&path) => {
                return Call::Done(json!("not_running"));
            }
            "terminate_child" => (path, Ask::Stop),
            "restart_child" => (path, Ask::Resume),
            "delete_child" => (path, Ask::Delete),
            _ => (sup.to_owned(), Ask::Children),
        };
        let ticket = self.level.ask(our_path(&path), ask);
        Call::Asked {
            ticket,
            step: step.clone(),
        }
    }

    /// What a call was answered, or the call itself if it still waits.
    fn result(&mut self, call: Call) -> (Value, Option<Call>) {
        let answer = match &call {
            Call::Done(value) => Some(value.clone()),
            Call::Stopping => self.level.is_over().then(|| json!("ok")),
            Call::Asked { step, .. } if step["do"] == "start" => {
                self.level.started().map(|started| match started {
                    Ok(()) => json!("ok"),
                    Err(failure) => start_failed(&failure, "root"),
                })
            }
            Call::Asked { ticket, step } => self
                .level
                .answer(*ticket)
                .map(|answer| self.answered(step, answer)),
        };
        answer.map_or_else(|| (json!("pending"), Some(call)), |answer| (answer, None))
    }

    fn answered(&self, step: &Value, answer: Result<Said, No>) -> Value {
        let error = |what: &str| json!({"error": what});
        let sup = step["sup"].as_str().unwrap_or_default();
        let restarts = step["do"] == "restart_child";
        match answer {
            Ok(Said::Children(children)) if step["do"] == "count_children" => {
                self.stage.script().count(sup, &children)
            }
            Ok(Said::Children(children)) => self.stage.script().which(sup, &children),
            Ok(Said::Declined) => json!({"ok": "undefined"}),
            Ok(Said::FoundSo(state)) if restarts => error(scenario::state(state)),
            Ok(_) => json!("ok"),
            Err(No::AlreadyPresent) => error("already_present"),
            Err(No::AlreadyStarted) => error("already_started"),
            Err(No::Invalid(problem)) => scenario::invalid(&problem),
            Err(No::NotDown(state)) => error(scenario::state(state)),
            Err(No::StartFailed(failure)) => {
                let spec = step["id"].as_str().or_else(|| step["instance"].as_str());
                let id = spec
                    .or_else(|| step["spec"]["id"].as_str())
                    .unwrap_or_default();
                start_failed(&failure, &format!("{sup}/{id}"))
            }
            // An instance that has ended is gone, and terminated all the same.
            Err(No::Unknown) if !step["instance"].is_null() => json!("ok"),
            Err(No::Unknown) => error("not_found"),
            Err(No::ShuttingDown | No::Interrupted) => json!("noproc"),
            Err(other) => json!(format!("{other:?}")),
        }
    }

    fn is_alive(&self, sup: &str) -> bool {
        if sup == "root" {
            return !self.level.is_over();
        }
        let children = self.level.children();
        let found = children.iter().find(|child| &*child.path == our_path(sup));
        found.is_some_and(|child| child.is_supervisor && scenario::state(child.state) == "running")
    }

    fn is_present(&self, path: &str) -> bool {
        self.level
            .children()
            .iter()
            .any(|child| &*child.path == our_path(path))
    }

    fn snapshot(&self, sup: &str) -> Value {
        if !self.is_alive(sup) {
            return Value::Null;
        }
        let mut children = self.level.children();
        children.retain(|child| parent(&scenario::otp_path(&child.path)) == sup);
        let running =
            |child: &&ChildSnapshot| child.is_supervisor && child.state == ChildState::Running;
        let subs = children.iter().filter(running);
        let subs: Vec<Value> = subs
            .map(|child| self.snapshot(&scenario::otp_path(&child.path)))
            .collect();
        json!({
            "sup": sup, "children": self.stage.script().which(sup, &children),
            "counts": self.stage.script().count(sup, &children), "subs": subs,
        })
    }
}
