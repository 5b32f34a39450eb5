//! Somebody who asks for this and that.

use std::pin::pin;

use fastrand::Rng;
use rust_supervisor::TreeRef;
use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::spec::policy::RestartPolicy;
use supervisor_tests::Log;
use tokio::time::{sleep, timeout};

use crate::children::worker;
use crate::{MS, PATIENCE};

pub(crate) async fn operate(tree: TreeRef, log: Log, paths: Vec<String>, mut rng: Rng, seed: u64) {
    for _ in 0..rng.usize(5..40) {
        let path = paths[rng.usize(..paths.len())].as_str();
        let (by, why) = ("chaos", "at random");
        let verb = rng.u8(..10);
        let asked = async {
            match verb {
                0 => _ = tree.pause_child(path, by, why).await,
                1 | 2 => _ = tree.resume_child(path, by, why).await,
                3 => _ = tree.restart_child(path, by, why).await,
                4 => _ = tree.stop_child(path, by, why).await,
                5 => _ = tree.kill_child(path, by, why).await,
                6 => _ = tree.remove_child(path, by, why).await,
                7 => _ = tree.quarantine_child(path, by, why).await,
                _ => {
                    let above = path.rsplit_once('/').map_or("", |(above, _)| above);
                    let child = worker(path, &log, seed, RestartPolicy::Transient);
                    _ = tree.start_child(above, child).await;
                }
            }
        };
        let mut asked = pin!(asked);
        let mut answered = timeout(500 * MS, asked.as_mut()).await;
        if answered.is_err() && !waits_for_a_sibling(&tree, path) {
            answered = timeout(PATIENCE, asked).await;
        }
        assert!(
            answered.is_ok() || waits_for_a_sibling(&tree, path),
            "command {verb} to `{path}` is not answered in bounded time: {}",
            tree.snapshot().expect("it lives")
        );
        sleep(MS * rng.u32(..3)).await;
    }
}

/// Its start waits for one that may be down for good, and so does who awaits the start.
fn waits_for_a_sibling(tree: &TreeRef, path: &str) -> bool {
    let child = tree.snapshot_of(path);
    child.is_ok_and(|child| child.state == ChildState::Waiting)
}
