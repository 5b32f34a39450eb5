//! Tests of the machine alone, with a clock and children that the tests play.

mod backoff;
mod budget;
mod chunks;
mod commands;
mod events;
mod explain;
mod failure;
mod generations;
#[cfg(feature = "config")]
mod giving_way;
mod group;
mod history;
mod intensity;
mod limits;
mod order;
mod own_end;
mod pool;
mod random;
mod ready;
mod reasons;
#[cfg(feature = "config")]
mod reload;
mod reports;
#[cfg(feature = "config")]
mod retune;
mod shutdown;
mod shutdown_within;
mod stalls;
mod start;
mod stuck;
mod verbs;
mod views;

use std::time::Duration;

use super::world::{Ask, Ends, Said, Want, World};
use crate::error::types::SupervisorError;
use crate::event::kind::{Event, EventKind};
use crate::event::snapshot::ChildState;
use crate::spec::backoff::Backoff;
use crate::spec::child::ChildSpec;
use crate::spec::policy::{Readiness, RestartPolicy};
use crate::spec::supervisor::SupervisorSpec;

/// A worker that is restarted always and at once; its code is never run.
fn worker(id: &str) -> ChildSpec {
    ChildSpec::from_fn(id, |_| std::future::pending::<()>())
        .restart(RestartPolicy::Permanent)
        .backoff(Backoff::none())
}

/// A worker that says itself when it is ready.
fn explicit(id: &str) -> ChildSpec {
    worker(id).readiness(Readiness::Explicit)
}

fn workers(names: &[&str]) -> Vec<ChildSpec> {
    names.iter().map(|name| worker(name)).collect()
}

/// A tree that has been told to start.
fn started(spec: SupervisorSpec) -> World {
    let mut world = World::new(spec).expect("the tree is sound");
    world.start();
    world
}

/// What the journal says since this was last asked: `+a` starts, `-a` has ended, `?a` is asked to
/// stop, `!a` is aborted, `~a` is restarted, `^a` exceeds a limit, and so on.
fn log(world: &mut World) -> Vec<String> {
    world.events().iter().filter_map(line).collect()
}

fn line(event: &Event) -> Option<String> {
    let path = if event.path.is_empty() {
        "/"
    } else {
        &event.path
    };
    let sign = match &event.kind {
        EventKind::Started => "+",
        EventKind::Exited(_) | EventKind::SupervisorEnded(_) => "-",
        EventKind::Stopping => "?",
        EventKind::Aborting => "!",
        EventKind::Restarting { .. } => "~",
        EventKind::GaveUp(_) => "gave up ",
        EventKind::Stuck(_) => "stuck ",
        EventKind::TimedOut { .. } => "^",
        EventKind::Waiting => "waits ",
        _ => return None,
    };
    Some(format!("{sign}{path}"))
}

/// Does what the machine wants until it wants nothing more: whoever is asked to stop ends.
fn obey(world: &mut World) {
    while world.has_wants() {
        for (path, want) in world.wants() {
            match want {
                Want::Start => {}
                Want::Stop => _ = world.exit(&path, Ends::Cancelled),
                Want::Abort => _ = world.exit(&path, Ends::Aborted),
            }
        }
    }
}

/// Issues a command that is answered at once.
fn ask(world: &mut World, path: &str, ask: Ask) -> Result<Said, SupervisorError> {
    let ticket = world.ask(path, ask);
    world.answer(ticket).expect("answered at once")
}

fn live(world: &World) -> Vec<String> {
    world.live().map(str::to_owned).collect()
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A log as one line.
fn text(lines: &[String]) -> String {
    lines.join(" ")
}

/// Whether the attempt at a path could not be ended; its child may have left, and another have its
/// place.
fn is_stuck(world: &World, path: &str) -> bool {
    let attempt = world.attempt(path).expect("an attempt lives");
    let node = world.machine.find(attempt.id()).expect("it is fenced");
    node.phase.public() == ChildState::Stuck
}

/// What a child that must be there is doing.
fn state(world: &World, path: &str) -> ChildState {
    world
        .state(path)
        .unwrap_or_else(|| panic!("there is no `{path}`"))
}
