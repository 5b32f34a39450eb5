//! Finding the child that a command means.
//!
//! A whole path is looked up in one short hold. Whatever has to look at every name of the tree
//! copies them in chunks, and compares them without the lock.

use std::sync::Arc;

use rust_supervisor_settings::{name, suggest};

use super::command::ChildRef;
use crate::error::types::SupervisorError;
use crate::id::path;
use crate::machine::Machine;
use crate::machine::node::{Ix, NodeId};
use crate::runtime::core::Broken;
use crate::runtime::tree::Tree;

/// Names that are offered where one was not found.
const SUGGESTIONS: usize = 3;
/// Names that are compared with one that was not found: in a larger tree, the first so many that
/// are about as long.
const COMPARED: usize = 1_000;
/// Paths that are copied in one hold.
const CHUNK: usize = 1_024;

/// The child at a path, or the only one of that name.
pub(super) fn child(tree: &Arc<Tree>, child: &ChildRef) -> Result<NodeId, SupervisorError> {
    Ok(child_and_path(tree, child)?.0)
}

/// The same, with its path.
pub(super) fn child_and_path(
    tree: &Arc<Tree>,
    child: &ChildRef,
) -> Result<(NodeId, Arc<str>), SupervisorError> {
    let name = child.name.as_str();
    let at = |path: &str| {
        tree.read(|machine| {
            let id = machine.lookup(path)?;
            Some((id, Arc::clone(&machine.node(id.ix).path)))
        })
    };
    let found = at(name)?;
    if let Some(found) = found.filter(|_| !name.is_empty()) {
        return Ok(found);
    }
    let paths = paths(tree)?;
    let named = |path: &&Arc<str>| !child.exact && path::name(path) == name;
    let mut candidates: Vec<&Arc<str>> = paths.iter().filter(named).collect();
    candidates.sort_unstable();
    let unknown = || SupervisorError::UnknownChild {
        path: name.to_owned(),
        did_you_mean: nearest(&paths, name),
    };
    match candidates.as_slice() {
        [one] => at(one)?.ok_or_else(unknown),
        [] => Err(unknown()),
        several => Err(SupervisorError::AmbiguousName {
            name: name.to_owned(),
            candidates: several.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Nothing is known of the name any more.
pub(super) fn unknown(name: &str) -> SupervisorError {
    SupervisorError::UnknownChild {
        path: name.to_owned(),
        did_you_mean: Vec::new(),
    }
}

/// Whether a child may have this path.
pub(super) fn is_path(path: &str) -> bool {
    path.split('/').all(|name| name::check(name).is_ok())
}

/// Whom a command for a path that no child has is for: the supervisor that the child would belong
/// to, or the root, where something is wanted of the path.
pub(super) fn place(machine: &Machine, path: &str) -> Option<NodeId> {
    if !is_path(path) {
        return None;
    }
    let root = || machine.has_intent(path).then(|| machine.id(Ix::ROOT));
    parent(machine, path).or_else(root)
}

/// The supervisor that a child at this path belongs to, or would; the root where there is none.
pub(super) fn nearest_place(machine: &Machine, path: &str) -> NodeId {
    parent(machine, path).unwrap_or_else(|| machine.id(Ix::ROOT))
}

/// The supervisor that a child at this path would belong to.
fn parent(machine: &Machine, path: &str) -> Option<NodeId> {
    supervisor_at(machine, path::above(path))
}

/// The supervisor at a path; the root is the empty one.
pub(super) fn supervisor(tree: &Arc<Tree>, path: &str) -> Result<NodeId, SupervisorError> {
    let found = |machine: &Machine| {
        let id = machine.lookup(path)?;
        Some((id, is_supervisor(machine, id)))
    };
    let path = || path.to_owned();
    match tree.read(found)? {
        Some((id, true)) => Ok(id),
        Some((_, false)) => Err(SupervisorError::NotASupervisor { path: path() }),
        None => Err(SupervisorError::UnknownChild {
            path: path(),
            did_you_mean: nearest(&paths(tree)?, &path()),
        }),
    }
}

fn supervisor_at(machine: &Machine, path: &str) -> Option<NodeId> {
    machine
        .lookup(path)
        .filter(|id| is_supervisor(machine, *id))
}

fn is_supervisor(machine: &Machine, id: NodeId) -> bool {
    machine.find(id).is_some_and(|node| node.sup().is_some())
}

/// Every path of the tree, in no particular order.
fn paths(tree: &Arc<Tree>) -> Result<Vec<Arc<str>>, Broken> {
    let (mut paths, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        next = tree.read(|machine| machine.copy_paths(from, CHUNK, &mut paths))?;
    }
    Ok(paths)
}

/// Paths that the name may have been meant for.
fn nearest(paths: &[Arc<str>], name: &str) -> Vec<String> {
    let alike = paths.iter().map(|path| &**path);
    let alike = alike.filter(|path| path.len().abs_diff(name.len()) <= 3);
    let mut left: Vec<&str> = alike.take(COMPARED).collect();
    let mut nearest: Vec<String> = Vec::new();
    while nearest.len() < SUGGESTIONS {
        let Some(found) = suggest::closest(name, left.iter().copied()) else {
            break;
        };
        let found = found.to_owned();
        left.retain(|path| *path != found);
        nearest.push(found);
    }
    nearest
}
