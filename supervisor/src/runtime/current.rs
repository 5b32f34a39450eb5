//! Which child's code runs on this thread, and whether the tree's lock is held.
//!
//! The first lets a wait for oneself answer at once, and tells the panic hook whom a panic belongs
//! to. The second is a check in debug builds: user code never runs under the lock.

use std::cell::Cell;

use crate::machine::node::NodeId;

thread_local! {
    static TREE: Cell<usize> = const { Cell::new(0) };
    static CHILD: Cell<Option<NodeId>> = const { Cell::new(None) };
    static HELD: Cell<bool> = const { Cell::new(false) };
}

/// The code of a child of this tree runs until the mark is dropped.
#[derive(Debug)]
pub(crate) struct Mark {
    tree: usize,
    child: Option<NodeId>,
}

/// Marks the thread as running code of a child of the tree (identified by its address).
pub(crate) fn enter(tree: usize, child: NodeId) -> Mark {
    assert_unlocked();
    Mark {
        tree: TREE.replace(tree),
        child: CHILD.replace(Some(child)),
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        TREE.set(self.tree);
        CHILD.set(self.child);
    }
}

/// Whether code of a child of this tree runs on this thread.
pub(crate) fn is_inside(tree: usize) -> bool {
    tree != 0 && TREE.get() == tree
}

/// The child of this tree whose code runs on this thread.
pub(crate) fn child_of(tree: usize) -> Option<NodeId> {
    if is_inside(tree) { CHILD.get() } else { None }
}

/// Whether code of any child runs on this thread.
pub(crate) fn is_supervised() -> bool {
    TREE.try_with(Cell::get).is_ok_and(|tree| tree != 0)
}

/// The lock is held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held;

impl Held {
    pub(crate) fn now() -> Self {
        if cfg!(debug_assertions) {
            assert_unlocked();
            HELD.set(true);
        }
        Self
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if cfg!(debug_assertions) {
            HELD.set(false);
        }
    }
}

/// User code is about to run.
pub(crate) fn assert_unlocked() {
    debug_assert!(!HELD.get(), "user code under the lock");
}
