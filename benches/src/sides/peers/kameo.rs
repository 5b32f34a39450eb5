//! kameo: a supervising actor, and an actor for each child, whose attempt is a message to itself.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn};
use kameo::error::Infallible;
use kameo::message::{Context, Message};
use kameo::supervision::{RestartPolicy, SupervisionStrategy};

use super::Untold;
use crate::sides::{Crash, Supervise};

pub(crate) struct Kameo;

#[derive(Clone)]
pub(crate) struct Above;

impl Actor for Above {
    type Args = Self;
    type Error = Infallible;

    fn supervision_strategy() -> SupervisionStrategy {
        SupervisionStrategy::OneForOne
    }

    async fn on_start(state: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(state)
    }
}

struct Child<F, Fut> {
    make: Arc<Mutex<F>>,
    attempt: PhantomData<fn() -> Fut>,
}

impl<F, Fut> Clone for Child<F, Fut> {
    fn clone(&self) -> Self {
        Self {
            make: Arc::clone(&self.make),
            attempt: PhantomData,
        }
    }
}

struct Run;

impl<F, Fut> Actor for Child<F, Fut>
where
    F: FnMut(Untold) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    type Args = Self;
    type Error = Infallible;

    async fn on_start(state: Self, own: ActorRef<Self>) -> Result<Self, Infallible> {
        own.tell(Run).try_send().expect("its mailbox is empty");
        Ok(state)
    }
}

impl<F, Fut> Message<Run> for Child<F, Fut>
where
    F: FnMut(Untold) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    // The error of a message that nobody waits for is a failure of the actor.
    type Reply = Result<(), Crash>;

    async fn handle(&mut self, _: Run, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        let attempt = (self.make.lock().expect("nobody panics with it"))(Untold);
        attempt.await
    }
}

impl Supervise for Kameo {
    type Stop = Untold;
    type Tree = ActorRef<Above>;

    async fn start<F, Fut>(children: usize, child: impl Fn(usize) -> F + Send) -> ActorRef<Above>
    where
        F: FnMut(Untold) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static,
    {
        let above = Above::spawn(Above);
        for place in 0..children {
            let child = Child {
                make: Arc::new(Mutex::new(child(place))),
                attempt: PhantomData,
            };
            Child::supervise(&above, child)
                .restart_policy(RestartPolicy::Transient)
                .restart_limit(u32::MAX, Duration::from_secs(1))
                .spawn()
                .await;
        }
        above
    }

    async fn stop(tree: ActorRef<Above>) {
        // It does not return while a child is inside a message: see the README.
        tree.kill();
        tree.wait_for_shutdown().await;
    }
}
