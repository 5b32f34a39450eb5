//! The task that tells the machine that time has passed.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Stage};
use super::starved::Patience;
use super::tree::Tree;
use crate::machine::ABORT_BUDGET;
use crate::machine::input::Input;
use crate::machine::time::Nanos;

/// Without a runtime nobody says when an earlier deadline is set: it is looked for this often.
const WITHOUT_RUNTIME: Duration = Duration::from_millis(50);

/// Sleeps until the next deadline, or until an earlier one is set, for as long as the tree lives.
pub(super) fn keep(tree: Arc<Tree>) -> impl Future<Output = ()> {
    // Made here, not in the future: that may be dropped before it is ever polled.
    let tree = Keeping(tree);
    async move {
        // Looking at the tree is what notices the deadlines that have passed.
        while let Ok(next) = tree.0.arm(Patience::Once) {
            if tree.0.stage() == Stage::Over {
                break;
            }
            let earlier = tree.0.timekeeper.notified();
            match tree.0.instant(next) {
                Some(deadline) => drop(tokio::time::timeout_at(deadline, earlier).await),
                None => earlier.await,
            }
        }
        // Only of a tree that has broken is anything left here.
        if tree.0.stage() != Stage::Over {
            tokio::time::sleep(ABORT_BUDGET).await;
            tree.0.give_up();
        }
    }
}

/// Notices that the runtime goes away.
struct Keeping(Arc<Tree>);

impl Drop for Keeping {
    fn drop(&mut self) {
        if self.0.stage() == Stage::Over {
            return self.0.watchdog.wake();
        }
        let now = self.0.now();
        let gone = |core: &mut Core| core.machine.handle(now, Input::RuntimeGone);
        // A tree that has broken has told everybody already.
        let _ = self.0.with(now, gone);
        if self.0.stage() != Stage::Over {
            keep_without_runtime(Arc::clone(&self.0));
        }
    }
}

/// A child may still occupy a thread of the runtime that goes away: its end, or that it is stuck,
/// is to be told in bounded time all the same.
fn keep_without_runtime(tree: Arc<Tree>) {
    let thread = std::thread::Builder::new().name("supervisor-clock".into());
    let spawned = thread.spawn(move || {
        while let Ok(next) = tree.arm(Patience::None) {
            if tree.stage() == Stage::Over {
                break;
            }
            let now = tree.now_inside();
            let left = if next == Nanos::NEVER {
                WITHOUT_RUNTIME
            } else {
                next.since(now)
            };
            std::thread::sleep(left.min(WITHOUT_RUNTIME));
        }
        if tree.stage() != Stage::Over {
            std::thread::sleep(ABORT_BUDGET);
            tree.give_up();
        }
    });
    // Without a thread whoever looks at the tree notices the deadlines.
    drop(spawned);
}
