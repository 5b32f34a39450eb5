//! The tokio runtime, through the public API: puppets are tasks, on a paused clock.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::Poll;
use std::time::Duration;

use rust_supervisor::__world::{Ask, Ends, No, Said};
use rust_supervisor::control::command::CommandResult;
use rust_supervisor::error::types::{StartError, SupervisorError};
use rust_supervisor::event::failure::Failure;
use rust_supervisor::event::kind::Event;
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::event::stream::Observed;
use rust_supervisor::spec::error::InvalidSpec;
use rust_supervisor::{
    ChildSpec, Supervisor, SupervisorHandle, SupervisorSpec, TaskContext, TaskResult, TreeRef,
};
use serde_json::Value;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, yield_now};

use crate::Level;
use crate::scenario::{INIT, Script, millis, otp_path};

/// What the puppets share.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    script: Mutex<Script>,
    /// Where puppets wait for orders, by path.
    orders: Mutex<HashMap<String, oneshot::Sender<String>>>,
    tree: OnceLock<TreeRef>,
    /// Puppets that have been asked to stop and have not ended.
    stopping: Arc<()>,
}

pub(crate) struct Runtime {
    stage: Arc<Stage>,
    start: Option<JoinHandle<Result<SupervisorHandle, StartError>>>,
    started: Option<Result<SupervisorHandle, StartError>>,
    calls: HashMap<u64, JoinHandle<Result<Said, No>>>,
    seen: u64,
    // Dropped last.
    tokio: runtime::Runtime,
}

impl Level for Runtime {
    fn puppet(stage: &Arc<Stage>, _path: &str) -> ChildSpec {
        let stage = Arc::clone(stage);
        ChildSpec::from_fn("puppet", move |ctx| puppet(Arc::clone(&stage), ctx))
    }

    fn new(stage: Arc<Stage>, spec: SupervisorSpec) -> Result<Self, InvalidSpec> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let start = runtime.spawn(Supervisor::start(spec));
        let mut this = Self {
            stage,
            start: Some(start),
            started: None,
            calls: HashMap::new(),
            seen: 0,
            tokio: runtime,
        };
        this.tokio.block_on(settle());
        this.take_start();
        match this.started {
            Some(Err(StartError::Invalid(invalid))) => Err(invalid),
            _ => Ok(this),
        }
    }

    fn started(&mut self) -> Option<Result<(), Arc<Failure>>> {
        self.take_start();
        match self.started.as_ref()? {
            Ok(_) => Some(Ok(())),
            Err(StartError::Failed { failure, .. }) => Some(Err(Arc::clone(failure))),
            Err(other) => panic!("{other}"),
        }
    }

    fn is_over(&self) -> bool {
        self.tree().is_none_or(|tree| !tree.is_alive())
    }

    fn ask(&mut self, path: &str, ask: Ask) -> u64 {
        let ticket = self.calls.len() as u64 + 1;
        let tree = self.tree().expect("a tree that is asked runs");
        let call = self.tokio.spawn(call(tree, path.to_owned(), ask));
        self.calls.insert(ticket, call);
        self.tokio.block_on(settle());
        ticket
    }

    fn answer(&mut self, ticket: u64) -> Option<Result<Said, No>> {
        let call = self.calls.get_mut(&ticket)?;
        let answer = call.is_finished().then(|| self.tokio.block_on(call))?;
        Some(answer.expect("a call does not panic"))
    }

    fn end(&mut self, ends: &[(&str, &str)]) {
        for (path, reason) in ends {
            let path = otp_path(path);
            let mut script = self.stage.script();
            let n = script.running[&path];
            // From here on it has died, even if somebody drops it before it can say so.
            script.ending(&path, n, reason);
            drop(script);
            self.tell(&path, reason);
        }
        self.tokio.block_on(settle());
    }

    fn release(&mut self, path: &str, outcome: &str) {
        self.tell(&otp_path(path), outcome);
        self.tokio.block_on(settle());
    }

    fn quiesce(&mut self) {
        let stage = Arc::clone(&self.stage);
        self.tokio.block_on(async {
            settle().await;
            while Arc::strong_count(&stage.stopping) > 1 {
                tokio::time::sleep(millis(10)).await;
                settle().await;
            }
        });
        self.take_start();
    }

    fn sleep(&mut self, time: Duration) {
        self.tokio
            .block_on(async { tokio::time::sleep(time).await });
    }

    fn events(&mut self) -> Vec<Event> {
        let Some(tree) = self.tree() else {
            return Vec::new();
        };
        let mut stream = tree.events_after(self.seen);
        let mut events = Vec::new();
        self.tokio.block_on(poll_fn(|cx| {
            while let Poll::Ready(Some(Observed::Event(event))) = pin!(stream.next()).poll(cx) {
                events.push(event);
            }
            Poll::Ready(())
        }));
        self.seen = events.last().map_or(self.seen, |event| event.seq);
        events
    }

    fn children(&self) -> Vec<ChildSnapshot> {
        let snapshot = self.tree().map(|tree| tree.snapshot().expect("sound"));
        snapshot.map_or_else(Vec::new, |snapshot| snapshot.children)
    }
}

impl Runtime {
    fn tell(&self, path: &str, order: &str) {
        let told = self.stage.orders.lock().expect("sound").remove(path);
        let told = told.expect("a puppet waits for orders");
        // The receiver goes with the puppet.
        _ = told.send(order.to_owned());
    }

    fn tree(&self) -> Option<TreeRef> {
        match &self.started {
            Some(Ok(handle)) => Some(handle.downgrade()),
            _ => self.stage.tree.get().cloned(),
        }
    }

    fn take_start(&mut self) {
        if self.start.as_ref().is_some_and(JoinHandle::is_finished) {
            let start = self.start.take().expect("just seen");
            let started = self.tokio.block_on(start);
            self.started = Some(started.expect("a start does not panic"));
        }
    }
}

/// Lets everything run that can.
async fn settle() {
    for _ in 0..200 {
        yield_now().await;
    }
}

async fn puppet(stage: Arc<Stage>, ctx: TaskContext) -> TaskResult {
    _ = stage
        .tree
        .set(ctx.tree().expect("a puppet belongs to a tree"));
    let (path, n) = (otp_path(ctx.path()), ctx.generation().value + 1);
    let init = path.strip_suffix(INIT).map(|sup| sup.trim_end_matches('/'));
    let outcome = stage.script().begin(init.unwrap_or(&path), n);
    let outcome = match outcome.as_str() {
        "hold" => stage.order(&path).await,
        _ => outcome,
    };
    match outcome.as_str() {
        "ok" if init.is_some() => return TaskResult::Succeeded,
        "ok" => {
            ctx.mark_ready();
            // Who is dropped for that hears of nothing.
            yield_now().await;
        }
        "fail" => return TaskResult::failed("fail"),
        "ignore" => return TaskResult::Ignored,
        _ => std::panic::panic_any(Puppet),
    }
    let reason = tokio::select! {
        biased;
        reason = stage.order(&path) => reason,
        () = ctx.cancelled() => {
            let _stopping = Arc::clone(&stage.stopping);
            let on_stop = stage.script().on_stop(&path);
            match &on_stop {
                Value::String(word) if word == "obey" => "shutdown".to_owned(),
                Value::String(word) if word == "ignore" => std::future::pending().await,
                Value::String(reason) => reason.clone(),
                slow => {
                    tokio::time::sleep(millis(slow["slow"].as_u64().expect("ms"))).await;
                    "shutdown".to_owned()
                }
            }
        }
    };
    let end = stage.script().ending(&path, n, &reason);
    match end {
        Ends::Failed => TaskResult::failed("error"),
        Ends::Panicked => std::panic::panic_any(Puppet),
        _ => TaskResult::Succeeded,
    }
}

/// What puppets panic with, so that only they do so silently.
pub(crate) struct Puppet;

impl Stage {
    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().expect("sound")
    }

    /// What the puppet is told next.
    async fn order(&self, path: &str) -> String {
        let (told, order) = oneshot::channel();
        let orders = &self.orders;
        orders.lock().expect("sound").insert(path.to_owned(), told);
        order
            .await
            .expect("an order is given, or the puppet dropped")
    }
}

async fn call(tree: TreeRef, path: String, ask: Ask) -> Result<Said, No> {
    let (by, why) = ("otp", "conformance");
    let name = path.as_str();
    let done = match ask {
        Ask::Add(child) => {
            let added = tree.start_child(name, child).await;
            return added
                .map(|child| match child.try_outcome() {
                    Some(outcome) if outcome.state == ChildState::Ignored => Said::Declined,
                    _ => Said::Started,
                })
                .map_err(no);
        }
        Ask::Children => return tree.children(name).await.map(Said::Children).map_err(no),
        Ask::Shutdown => {
            return tree
                .shutdown()
                .await
                .map(|_| Said::ShuttingDown)
                .map_err(no);
        }
        Ask::Delete => tree.delete_child(name, by, why).await,
        Ask::Kill => tree.kill_child(name, by, why).await,
        Ask::Resume => tree.resume_child(name, by, why).await,
        Ask::Stop => tree.stop_child(name, by, why).await,
        other => panic!("OTP has no {other:?}"),
    };
    match done.map_err(no)? {
        CommandResult::ChildControl { outcome } if outcome.idempotent => {
            Ok(Said::FoundSo(outcome.state_before.expect("a known child")))
        }
        CommandResult::ChildControl { outcome }
            if outcome.state_before.is_none()
                && outcome.state_after == Some(ChildState::Ignored) =>
        {
            Ok(Said::Declined)
        }
        _ => Ok(Said::Started),
    }
}

/// The error in the machine's words.
fn no(error: SupervisorError) -> No {
    match error {
        SupervisorError::ChildExists {
            state: "running", ..
        } => No::AlreadyStarted,
        SupervisorError::ChildExists { .. } => No::AlreadyPresent,
        SupervisorError::InvalidSpec(invalid) => No::Invalid(invalid.problems[0].clone()),
        SupervisorError::NotDown { state, .. } if state == "running" || state == "exited" => {
            No::NotDown(ChildState::Running)
        }
        SupervisorError::NotDown { .. } => No::NotDown(ChildState::Backoff),
        SupervisorError::ShuttingDown { .. } | SupervisorError::TreeGone => No::ShuttingDown,
        SupervisorError::StartFailed { failure, .. } => No::StartFailed(failure),
        SupervisorError::StartInterrupted { .. } => No::Interrupted,
        SupervisorError::UnknownChild { .. } => No::Unknown,
        other => panic!("{other}"),
    }
}
