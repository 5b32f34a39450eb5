//! The task that tells the machine that time has passed.

use std::sync::Arc;

use super::core::Stage;
use super::tree::Tree;
use crate::machine::input::Input;

/// Sleeps until the next deadline, or until an earlier one is set, for as long as the tree lives.
pub(super) async fn keep(tree: Arc<Tree>) {
    let tree = Keeping(tree);
    // Looking at the tree is what notices the deadlines that have passed.
    while let Ok(next) = tree.0.arm() {
        if tree.0.stage() == Stage::Over {
            break;
        }
        let earlier = tree.0.timekeeper.notified();
        match tree.0.instant(next) {
            Some(deadline) => drop(tokio::time::timeout_at(deadline, earlier).await),
            None => earlier.await,
        }
    }
}

/// Notices that the runtime goes away, for a tree that has no other task.
struct Keeping(Arc<Tree>);

impl Drop for Keeping {
    fn drop(&mut self) {
        if self.0.stage() != Stage::Over {
            let now = self.0.now();
            let gone = |core: &mut super::core::Core| core.machine.handle(now, Input::RuntimeGone);
            // A tree that has broken has told everybody already.
            let _ = self.0.with(now, None, gone);
        }
    }
}
