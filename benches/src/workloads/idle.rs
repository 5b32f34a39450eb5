//! Trees in which nothing happens.

use super::countdown::Countdown;
use crate::sides::{Stop, Supervise};

/// A tree all of whose children wait to be stopped.
pub(super) async fn start<S: Supervise>(children: usize) -> S::Tree {
    let begun = Countdown::from(children);
    let child = |_| {
        let begun = begun.clone();
        move |stop: S::Stop| {
            let begun = begun.clone();
            async move {
                begun.down();
                drop(begun);
                stop.asked().await;
                Ok(())
            }
        }
    };
    let tree = S::start(children, child).await;
    begun.over().await;
    tree
}

/// Lets whatever has been woken come to rest.
pub(super) async fn settle() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}
