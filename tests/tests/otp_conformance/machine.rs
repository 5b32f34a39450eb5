//! The machine alone: puppets are played here, on a clock of our own.

use std::sync::Arc;
use std::time::Duration;

use rust_supervisor::__world::{Ask, Ends, No, Said, Want, World};
use rust_supervisor::event::failure::Failure;
use rust_supervisor::event::kind::Event;
use rust_supervisor::event::snapshot::ChildSnapshot;
use rust_supervisor::spec::error::InvalidSpec;
use rust_supervisor::{ChildSpec, SupervisorSpec};
use serde_json::Value;

use crate::Level;
use crate::runtime::Stage;
use crate::scenario::{INIT, millis, otp_path};

pub(crate) struct Machine {
    world: World,
    stage: Arc<Stage>,
    /// Puppets that take their time to stop: until when, and which attempt.
    slow: Vec<(Duration, Arc<str>, u64)>,
}

impl Level for Machine {
    fn new(stage: Arc<Stage>, spec: SupervisorSpec) -> Result<Self, InvalidSpec> {
        let mut world = World::new(spec)?;
        world.start();
        Ok(Self {
            world,
            stage,
            slow: Vec::new(),
        })
    }

    fn puppet(_stage: &Arc<Stage>, path: &str) -> ChildSpec {
        ChildSpec::from_fn(path, |_| std::future::pending::<()>())
    }

    fn started(&mut self) -> Option<Result<(), Arc<Failure>>> {
        match self.world.failure() {
            Some(failure) => Some(Err(failure)),
            None => self.world.is_up().then_some(Ok(())),
        }
    }

    fn is_over(&self) -> bool {
        self.world.is_over()
    }

    fn ask(&mut self, path: &str, ask: Ask) -> u64 {
        self.world.ask(path, ask)
    }

    fn answer(&mut self, ticket: u64) -> Option<Result<Said, No>> {
        self.world.answer(ticket)
    }

    fn end(&mut self, ends: &[(&str, &str)]) {
        let end = |(path, reason): &(&'_ str, &'_ str)| self.ending(path, reason);
        let how: Vec<Ends> = ends.iter().map(end).collect();
        let paths = ends.iter().map(|(path, _)| *path);
        let ends: Vec<(&str, Ends)> = paths.zip(how).collect();
        self.world.exit_together(&ends);
    }

    fn release(&mut self, path: &str, outcome: &str) {
        self.decide(path, outcome);
    }

    fn quiesce(&mut self) {
        loop {
            for (path, want) in self.world.wants() {
                self.carry_out(&path, want);
            }
            if self.world.has_wants() {
                continue;
            }
            let stopping = |path: &str| self.world.attempt(path).is_some_and(|it| it.asked);
            if !self.world.live().any(stopping) {
                return;
            }
            let next = self
                .slow
                .iter()
                .map(|(at, ..)| *at)
                .chain(self.world.next_deadline())
                .min();
            let Some(next) = next else { return };
            self.pass(next.saturating_sub(self.world.now()));
        }
    }

    fn sleep(&mut self, time: Duration) {
        self.pass(time);
    }

    fn events(&mut self) -> Vec<Event> {
        self.world.events()
    }

    fn children(&self) -> Vec<ChildSnapshot> {
        self.world.snapshot().children
    }
}

impl Machine {
    fn carry_out(&mut self, path: &str, want: Want) {
        let Some(attempt) = self.world.attempt(path) else {
            return;
        };
        let otp = otp_path(path);
        match want {
            Want::Start => {
                let init = otp.strip_suffix(INIT).map(|sup| sup.trim_end_matches('/'));
                let n = attempt.generation + 1;
                let outcome = self.stage.script().begin(init.unwrap_or(&otp), n);
                if init.is_some() && outcome == "ok" {
                    self.world.exit(path, Ends::Succeeded);
                } else {
                    self.decide(path, &outcome);
                }
            }
            Want::Abort => _ = self.world.exit(path, Ends::Aborted),
            Want::Stop => {
                let on_stop = self.stage.script().on_stop(&otp);
                match &on_stop {
                    Value::String(word) if word == "ignore" => {}
                    Value::String(word) if word == "obey" => self.end(&[(path, "shutdown")]),
                    Value::String(reason) => self.end(&[(path, reason)]),
                    slow => {
                        let after = millis(slow["slow"].as_u64().expect("milliseconds"));
                        let at = self.world.now() + after;
                        self.slow.push((at, path.into(), attempt.generation));
                    }
                }
            }
        }
    }

    fn ending(&self, path: &str, reason: &str) -> Ends {
        let n = self
            .world
            .attempt(path)
            .map_or(0, |attempt| attempt.generation + 1);
        self.stage.script().ending(&otp_path(path), n, reason)
    }

    fn decide(&mut self, path: &str, outcome: &str) {
        match outcome {
            "ok" => self.world.ready(path),
            "fail" => self.world.exit(path, Ends::Failed),
            "panic" => self.world.exit(path, Ends::Panicked),
            "ignore" => self.world.exit(path, Ends::Ignored),
            _ => return,
        };
    }

    /// Lets time pass, and puppets end whose time has come.
    fn pass(&mut self, time: Duration) {
        self.world.advance(time);
        let now = self.world.now();
        for (at, path, generation) in std::mem::take(&mut self.slow) {
            let attempt = self.world.attempt(&path);
            if attempt.is_none_or(|attempt| attempt.generation != generation) {
                continue;
            }
            if at <= now {
                self.end(&[(&path, "shutdown")]);
            } else {
                self.slow.push((at, path, generation));
            }
        }
    }
}
