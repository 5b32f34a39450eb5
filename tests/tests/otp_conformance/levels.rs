//! What runs a tree of puppets: the machine alone, or tokio through the public API.

use std::cell::RefCell;
use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rust_supervisor::__world::{Ask, Ends, Said, World};
use rust_supervisor::control::command::CommandResult;
use rust_supervisor::error::types::{StartError, SupervisorError};
use rust_supervisor::event::snapshot::{ChildSnapshot, ChildState};
use rust_supervisor::event::stream::Observed;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, TaskResult, TreeRef};
use tokio::task::yield_now;

use crate::puppets::{Act, Cast, Stage, otp_path};

pub(crate) type Answer = Result<Said, SupervisorError>;
pub(crate) type Call = Pin<Box<dyn Future<Output = Answer>>>;

pub(crate) trait Level: Sized {
    fn start(stage: &Stage, spec: SupervisorSpec) -> (Self, Call);
    fn ask(&mut self, path: &str, ask: Ask) -> Call;
    /// Lets time pass, and everything happen that needs no new stimulus.
    fn pass(&mut self, time: Duration);
    fn children(&self) -> Vec<ChildSnapshot>;
}

pub(crate) struct Machine(Stage, Rc<RefCell<World>>);

impl Level for Machine {
    fn start(stage: &Stage, spec: SupervisorSpec) -> (Self, Call) {
        let world = World::new(spec);
        let refused = world.as_ref().err().cloned();
        let world = world.or_else(|_| World::new(SupervisorSpec::root(vec![])));
        let this = Self(stage.clone(), Rc::new(RefCell::new(world.expect("empty"))));
        let call = match refused {
            Some(refused) => Box::pin(ready(Err(refused.into()))),
            None => this.call(World::start),
        };
        (this, call)
    }

    fn ask(&mut self, path: &str, ask: Ask) -> Call {
        let ends = matches!(ask, Ask::Shutdown);
        let mut call = self.call(|world| world.ask(path, ask));
        self.pass(Duration::ZERO);
        let world = Rc::clone(&self.1);
        Box::pin(poll_fn(move |cx| {
            // Who shuts a tree down waits for its end.
            if ends && !world.borrow().is_over() {
                return Poll::Pending;
            }
            call.as_mut().poll(cx)
        }))
    }

    fn pass(&mut self, time: Duration) {
        let (mut cast, mut world) = (self.0.lock(), self.1.borrow_mut());
        world.advance(time);
        let mut before = None;
        while before.replace(world.snapshot().as_of_seq) != Some(world.snapshot().as_of_seq) {
            let live: Vec<String> = world.live().map(str::to_owned).collect();
            for path in live {
                let puppet = otp_path(&path).replace("/:init", "");
                cast.see(&world.events());
                let act = match world.attempt(&path) {
                    Some(attempt) if attempt.aborted => Act::End(Ends::Aborted),
                    Some(attempt) => cast.act(&puppet, attempt.asked),
                    None => Act::Wait,
                };
                match act {
                    Act::End(how) => {
                        cast.end(&puppet);
                        world.exit(&path, how);
                    }
                    Act::Ready => _ = world.ready(&path),
                    Act::Wait => {}
                }
            }
        }
        cast.see(&world.events());
    }

    fn children(&self) -> Vec<ChildSnapshot> {
        self.1.borrow().snapshot().children
    }
}

impl Machine {
    fn call(&self, ask: impl FnOnce(&mut World) -> u64) -> Call {
        let ticket = ask(&mut self.1.borrow_mut());
        let world = Rc::clone(&self.1);
        let answer = move || world.borrow_mut().answer(ticket);
        Box::pin(poll_fn(move |_| {
            answer().map_or(Poll::Pending, Poll::Ready)
        }))
    }
}

pub(crate) struct Runtime(Stage, tokio::runtime::Runtime);

impl Level for Runtime {
    fn start(stage: &Stage, spec: SupervisorSpec) -> (Self, Call) {
        let mut tokio = tokio::runtime::Builder::new_current_thread();
        let tokio = tokio
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let start = tokio.spawn(start(spec, stage.clone()));
        let this = Self(stage.clone(), tokio);
        (this, Box::pin(async { start.await.expect("no panic") }))
    }

    fn ask(&mut self, path: &str, ask: Ask) -> Call {
        let tree = self.0.lock().tree.clone().expect("who is asked runs");
        let call = self.1.spawn(call(tree, path.to_owned(), ask));
        self.1.block_on(yield_now());
        Box::pin(async { call.await.expect("no panic") })
    }

    fn pass(&mut self, time: Duration) {
        self.1.block_on(async {
            tokio::time::advance(time).await;
            for _ in 0..100 {
                yield_now().await;
            }
        });
        look(&mut self.0.lock());
    }

    fn children(&self) -> Vec<ChildSnapshot> {
        let tree = self.0.lock().tree.clone();
        tree.map_or_else(Vec::new, |tree| tree.snapshot().expect("sound").children)
    }
}

async fn start(spec: SupervisorSpec, stage: Stage) -> Answer {
    match Supervisor::start(spec).await {
        Ok(handle) => {
            stage.lock().tree = Some(handle.downgrade());
            handle.detach();
            Ok(Said::Started)
        }
        Err(StartError::Failed { failure, .. }) => Err(SupervisorError::StartFailed {
            path: String::new(),
            failure,
        }),
        Err(StartError::Invalid(invalid)) => Err(invalid.into()),
        Err(other) => panic!("{other}"),
    }
}

async fn call(tree: TreeRef, path: String, ask: Ask) -> Answer {
    let (by, why) = ("otp", "conformance");
    // The child at that path, and no other of its name.
    let whom = format!("/{path}");
    let (path, whom) = (&*path, &*whom);
    let done = match ask {
        Ask::Add(child) => {
            let outcome = tree.start_child(path, child).await?.try_outcome();
            let declined = outcome.is_some_and(|it| it.state == ChildState::Ignored);
            return Ok(if declined {
                Said::Declined
            } else {
                Said::Started
            });
        }
        Ask::Children => return tree.children(path).await.map(Said::Children),
        Ask::Shutdown => return tree.shutdown().await.map(|_| Said::ShuttingDown),
        Ask::ShutdownWithin(time) => {
            let report = tree.shutdown_within(time).await;
            return report.map(|_| Said::ShuttingDown);
        }
        Ask::Delete => tree.delete_child(whom, by, why).await,
        Ask::Kill => tree.kill_child(whom, by, why).await,
        Ask::Resume => tree.resume_child(whom, by, why).await,
        Ask::Stop => tree.stop_child(whom, by, why).await,
        other => panic!("OTP has no {other:?}"),
    };
    Ok(match done? {
        CommandResult::ChildControl { outcome } => match outcome.state_before {
            Some(before) if outcome.idempotent => Said::FoundSo(before),
            None if outcome.state_after == Some(ChildState::Ignored) => Said::Declined,
            _ => Said::Started,
        },
        other => panic!("{other:?}"),
    })
}

/// Reads the lines of supervisors so far.
fn look(cast: &mut Cast) {
    let Some(tree) = &cast.tree else { return };
    let (mut stream, mut events) = (tree.events_after(cast.seen), Vec::new());
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Observed::Event(event))) = pin!(stream.next()).poll(&mut cx) {
        cast.seen = event.seq;
        events.push(event);
    }
    cast.see(&events);
}

pub(crate) fn puppet(path: &str, stage: &Stage) -> ChildSpec {
    let (path, stage) = (path.to_owned(), stage.clone());
    ChildSpec::from_fn("puppet", move |ctx| {
        perform(ctx, Attempt(path.clone(), stage.clone()))
    })
}

/// An attempt of a puppet on tokio; its lines come before what its supervisor makes of them.
struct Attempt(String, Stage);

async fn perform(ctx: TaskContext, this: Attempt) -> TaskResult {
    this.1.lock().tree = ctx.tree();
    loop {
        let act = {
            let mut cast = this.1.lock();
            look(&mut cast);
            cast.act(&this.0, ctx.is_cancelled())
        };
        match act {
            Act::End(Ends::Failed) => return TaskResult::failed("error"),
            Act::End(Ends::Ignored) => return TaskResult::Ignored,
            Act::End(Ends::Panicked) => std::panic::resume_unwind(Box::new("puppet")),
            Act::End(_) => return TaskResult::Succeeded,
            Act::Ready => ctx.mark_ready(),
            Act::Wait => {}
        }
        yield_now().await;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut cast = self.1.lock();
        look(&mut cast);
        cast.end(&self.0);
    }
}
