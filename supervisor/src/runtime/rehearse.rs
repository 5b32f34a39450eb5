//! Copying the state of a tree to try things on, without holding its lock for long.
//!
//! Nodes are copied in chunks. They belong together only if nothing has been told to the tree in
//! between; if something has, all begins anew, and after a few rounds of that one long hold does it.

use std::sync::Arc;

use super::core::Broken;
use super::tree::Tree;
use crate::machine::Machine;

/// Nodes that are copied in one hold.
const CHUNK: usize = 1024;
/// Attempts without a long hold.
const ROUNDS: usize = 4;

/// The state of the tree, in a machine of its own.
pub(crate) fn copy(tree: &Arc<Tree>) -> Result<Machine, Broken> {
    for _ in 0..ROUNDS {
        if let Some(copy) = in_chunks(tree)? {
            return Ok(copy);
        }
    }
    tree.read(|machine| {
        let mut nodes = Vec::new();
        machine.copy_nodes(0, usize::MAX, &mut nodes);
        machine.copy_with(nodes)
    })
}

/// None if something has moved.
fn in_chunks(tree: &Arc<Tree>) -> Result<Option<Machine>, Broken> {
    let (mut nodes, mut next, mut moves) = (Vec::new(), Some(0), None);
    loop {
        let from = next.unwrap_or(0);
        let (more, now, copy) = tree.read(|machine| {
            let more = machine.copy_nodes(from, CHUNK, &mut nodes);
            let now = machine.moves();
            let last = more.is_none() && *moves.get_or_insert(now) == now;
            let copy = last.then(|| machine.copy_with(std::mem::take(&mut nodes)));
            (more, now, copy)
        })?;
        if *moves.get_or_insert(now) != now {
            return Ok(None);
        }
        if copy.is_some() {
            return Ok(copy);
        }
        next = more;
    }
}
