//! kameo: a supervising actor, and an actor for each child, which runs its attempt beside its mailbox.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kameo::Actor;
use kameo::actor::{ActorRef, Spawn, WeakActorRef};
use kameo::error::Infallible;
use kameo::mailbox::{MailboxReceiver, Signal};
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

/// What a child is started from, and started from again.
struct Make<F>(Arc<Mutex<F>>);

impl<F> Clone for Make<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Runs its attempt beside its mailbox.
struct Child<F, Fut> {
    attempt: Option<Pin<Box<Fut>>>,
    made: PhantomData<fn() -> F>,
}

impl<F, Fut> Actor for Child<F, Fut>
where
    F: FnMut(Untold) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), Crash>> + Send + 'static,
{
    type Args = Make<F>;
    type Error = Crash;

    async fn on_start(make: Make<F>, _: ActorRef<Self>) -> Result<Self, Crash> {
        let attempt = (make.0.lock().expect("nobody panics with it"))(Untold);
        Ok(Self {
            attempt: Some(Box::pin(attempt)),
            made: PhantomData,
        })
    }

    async fn next(
        &mut self,
        _: WeakActorRef<Self>,
        mailbox: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Crash> {
        if let Some(attempt) = &mut self.attempt {
            tokio::select! {
                biased;
                signal = mailbox.recv() => return Ok(signal),
                result = attempt => result?,
            }
            self.attempt = None;
        }
        Ok(mailbox.recv().await)
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
            let make = Make(Arc::new(Mutex::new(child(place))));
            Child::supervise(&above, make)
                .restart_policy(RestartPolicy::Transient)
                .restart_limit(u32::MAX, Duration::from_secs(1))
                .spawn()
                .await;
        }
        above
    }

    async fn stop(tree: ActorRef<Above>) {
        tree.stop_gracefully().await.expect("it runs");
        tree.wait_for_shutdown().await;
    }
}
