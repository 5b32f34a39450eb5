//! A crash storm: children that do nothing but fail, and are restarted at once.

use std::time::Instant;

use super::Size;
use super::countdown::Countdown;
use crate::figure::Figure;
use crate::sides::{Crash, Stop, Supervise};

pub(super) async fn measure<S: Supervise>(size: Size) -> Vec<Figure> {
    let each = size.restarts / size.children;
    let calm = Countdown::from(size.children);
    let child = |_| {
        let calm = calm.clone();
        let mut left = each;
        move |stop: S::Stop| {
            let crash = left.checked_sub(1);
            left = crash.unwrap_or(0);
            let calm = crash.is_none().then(|| calm.clone());
            async move {
                let Some(calm) = calm else {
                    return Err(Crash { left });
                };
                calm.down();
                stop.asked().await;
                Ok(())
            }
        }
    };
    let began = Instant::now();
    let tree = S::start(size.children, child).await;
    calm.over().await;
    let took = began.elapsed();
    S::stop(tree).await;
    let restarts = each * size.children;
    vec![Figure::nanos(
        "storm of errors, ns per restart",
        took,
        restarts,
    )]
}
