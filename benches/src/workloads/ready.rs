//! Starting idle children each of which says that it is ready, one after the other.

use std::time::Instant;

use rust_supervisor::spec::policy::{Intensity, Readiness};
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};

use super::Size;
use crate::figure::Figure;

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    let began = Instant::now();
    let child = |place| {
        let attempt = |ctx: TaskContext| async move {
            ctx.mark_ready();
            ctx.cancelled().await;
        };
        ChildSpec::from_fn(format!("child-{place}"), attempt).readiness(Readiness::Explicit)
    };
    let spec = SupervisorSpec::root((0..size.children).map(child).collect())
        .intensity(Intensity::new(u32::MAX, std::time::Duration::from_secs(10)));
    let handle = Supervisor::start(spec).await.expect("a sound tree");
    let took = began.elapsed();
    std::mem::forget(handle);
    vec![Figure::nanos(
        "start, each ready before the next, ns per child",
        took,
        size.children,
    )]
}
