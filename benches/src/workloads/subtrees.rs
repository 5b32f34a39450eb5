//! Contention: the same storm below one supervisor, and spread over many that run side by side.

use std::time::{Duration, Instant};

use rust_supervisor::spec::policy::Intensity;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};

use super::Size;
use super::countdown::Countdown;
use super::storm::{By, failing};
use crate::figure::Figure;
use crate::sides::ours::unlimited;

const SUBTREES: usize = 16;

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    vec![
        storm(size, 1, "storm in 1 subtree, ns per restart").await,
        storm(size, SUBTREES, "storms in 16 subtrees, ns per restart").await,
    ]
}

async fn storm(size: Size, subtrees: usize, what: &str) -> Figure {
    let each = size.restarts / size.children;
    let calm = Countdown::from(size.children);
    let below = size.children / subtrees;
    let subtree = |place| {
        let spec = unlimited(below, |_| failing!(TaskContext, each, By::Error, calm));
        ChildSpec::supervisor(format!("subtree-{place}"), spec)
    };
    let spec = SupervisorSpec::root((0..subtrees).map(subtree).collect())
        .intensity(Intensity::new(u32::MAX, Duration::from_secs(10)));
    let began = Instant::now();
    let handle = Supervisor::start(spec).await.expect("a sound tree");
    calm.over().await;
    let took = began.elapsed();
    handle.shutdown().await.expect("it stops");
    Figure::nanos(what, took, each * size.children)
}
