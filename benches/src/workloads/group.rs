//! `one_for_all`: one child fails, all are stopped and started again.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::Size;
use super::countdown::Countdown;
use crate::figure::Figure;
use crate::sides::{Crash, Stop, Together};

pub(super) async fn measure<S: Together>(size: Size) -> Vec<Figure> {
    let (begun, die) = (Countdown::from(size.children), Arc::new(Notify::new()));
    let child = |place| {
        let (begun, die) = (begun.clone(), Arc::clone(&die));
        move |stop: S::Stop| {
            let (begun, die) = (begun.clone(), Arc::clone(&die));
            async move {
                begun.down();
                if place == 0 {
                    die.notified().await;
                    return Err(Crash { left: 0 });
                }
                stop.asked().await;
                Ok(())
            }
        }
    };
    let tree = S::start_together(size.children, child).await;
    begun.over().await;
    let began = Instant::now();
    for _ in 0..size.restarts {
        begun.again(size.children);
        die.notify_one();
        begun.over().await;
    }
    let took = began.elapsed();
    std::mem::forget(tree);
    vec![Figure::nanos(
        "one_for_all, ns per child and round",
        took,
        size.children * size.restarts,
    )]
}
