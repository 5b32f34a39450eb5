//! The handle of a running tree, and the reference that does not keep it running.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::audit::Audit;
use crate::error::types::SupervisorError;
use crate::runtime::tree::Tree;

/// The owner's handle of a running tree.
///
/// Cheap to clone, and usable from any thread. Dropping the last one stops the tree, unless it has
/// been [detached](SupervisorHandle::detach). Everything that can be asked of a tree is on
/// [`TreeRef`], which this dereferences to.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
/// let handle = Supervisor::start(SupervisorSpec::root(vec![beat])).await?;
/// assert!(handle.is_ready());
/// let report = handle.shutdown().await?;
/// assert!(report.is_clean());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct SupervisorHandle {
    tree: TreeRef,
    owner: Arc<Owner>,
}

/// A reference to a running tree that does not keep it running.
///
/// What it offers is what [`SupervisorHandle`] offers. After the end of the tree, commands answer
/// [`SupervisorError::TreeGone`], while reports, events and snapshots can still be read.
///
/// # Commands
///
/// A child is named by its path, `gateway/eu`, or by its name where only one child has it. A name
/// that no child has is [`SupervisorError::UnknownChild`], with the nearest there are; one that
/// several have is [`SupervisorError::AmbiguousName`]. `requested_by` and `reason` say who wants
/// it, and why; where one is blank or has more than 4096 bytes, the answer is
/// [`SupervisorError::InvalidTransition`], and nothing is done.
///
/// A command takes effect when its future is first polled; to drop the future after that takes
/// nothing back. What starts something waits its turn behind a start that is under way, and so does
/// every command but a kill where [`while_starting`](crate::SupervisorSpec::while_starting) is
/// `Wait`. Only [`shutdown_tree`](TreeRef::shutdown_tree), [`shutdown`](TreeRef::shutdown),
/// [`join`](TreeRef::join) and [`stopped`](TreeRef::stopped) wait for an end. A child that would
/// wait for its own is told at once: [`SupervisorError::WouldWaitForItself`].
///
/// All of these have a second form on the handle of one [`child`](TreeRef::child), which carries
/// who wants it since [`acting_as`](TreeRef::acting_as).
#[derive(Clone)]
pub struct TreeRef {
    pub(crate) tree: Arc<Tree>,
    /// Whom the commands are for that do not say; the program and the place of the call, if none.
    audit: Option<Audit>,
}

/// Stops the tree when the last handle is dropped.
#[derive(Debug)]
struct Owner {
    tree: TreeRef,
    detached: AtomicBool,
}

impl SupervisorHandle {
    pub(crate) fn new(tree: Arc<Tree>) -> Self {
        let tree = TreeRef::new(tree);
        Self {
            owner: Arc::new(Owner {
                tree: tree.clone(),
                detached: AtomicBool::new(false),
            }),
            tree,
        }
    }

    /// A reference that does not keep the tree running.
    #[must_use]
    pub fn downgrade(&self) -> TreeRef {
        self.tree.clone()
    }

    /// Lets the tree run on when all handles have been dropped.
    pub fn detach(self) {
        self.owner.detached.store(true, Ordering::Relaxed);
    }
}

impl Deref for SupervisorHandle {
    type Target = TreeRef;

    fn deref(&self) -> &TreeRef {
        &self.tree
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if !*self.detached.get_mut() {
            let audit = Audit::of_program("the last handle was dropped");
            self.tree.ask_to_end(audit, None);
        }
    }
}

impl TreeRef {
    pub(crate) const fn new(tree: Arc<Tree>) -> Self {
        Self { tree, audit: None }
    }

    /// The same tree; commands that do not say who wants them, and why, are then for this one.
    ///
    /// Without it they are for `program`, because of the place in the source that asks. Both stand
    /// in the events of what follows from a command.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::InvalidTransition`] names the text that is blank, or has more than 4096
    /// bytes.
    pub fn acting_as(
        &self,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Self, SupervisorError> {
        Ok(Self {
            tree: Arc::clone(&self.tree),
            audit: Some(Audit::new(requested_by, reason)?),
        })
    }

    pub(crate) const fn tree(&self) -> &Arc<Tree> {
        &self.tree
    }

    /// Whom a command is for that does not say.
    #[track_caller]
    pub(super) fn audit_here(&self) -> Audit {
        let place = Location::caller();
        let audit = self.audit.clone();
        audit.unwrap_or_else(|| Audit::of_code(place))
    }
}

impl fmt::Debug for TreeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeRef")
            .field("stage", &self.tree.stage())
            .finish_non_exhaustive()
    }
}
