//! A budget that ends while the one who asked for the stop blocks its thread: another worker is idle,
//! and has to notice.

use std::time::{Duration, Instant};

use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};

use super::Size;
use crate::figure::Figure;

const BUDGET: Duration = Duration::from_millis(100);
const BLOCK: Duration = Duration::from_millis(400);

/// Tells when it is dropped.
struct Dropped(std::sync::mpsc::Sender<Instant>);

impl Drop for Dropped {
    fn drop(&mut self) {
        // Nobody may be left to hear it.
        let _ = self.0.send(Instant::now());
    }
}

pub(super) async fn measure(size: Size) -> Vec<Figure> {
    let mut late = Vec::new();
    for _ in 0..size.restarts {
        late.push(once().await);
    }
    late.sort_unstable();
    vec![
        Figure::percentile("a budget of 100 ms ends late by, p50 ns", &late, 50),
        Figure::percentile("a budget of 100 ms ends late by, most, ns", &late, 100),
    ]
}

async fn once() -> u64 {
    let (tell, told) = std::sync::mpsc::channel();
    let deaf = move |_: TaskContext| {
        let dropped = Dropped(tell.clone());
        async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
        }
    };
    let child = ChildSpec::from_fn("deaf", deaf).shutdown(BUDGET);
    let spec = SupervisorSpec::root(vec![child]);
    let handle = Supervisor::start(spec).await.expect("a sound tree");
    super::idle::settle().await;
    let asked = Instant::now();
    handle.request_shutdown();
    std::thread::sleep(BLOCK);
    let ended = told.recv().expect("it is dropped");
    let late = (ended - asked).saturating_sub(BUDGET);
    u64::try_from(late.as_nanos()).unwrap_or(u64::MAX)
}
