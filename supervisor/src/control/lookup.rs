//! Finding the child that a command means.

use rust_supervisor_settings::suggest;

use crate::error::types::SupervisorError;
use crate::machine::Machine;
use crate::machine::node::NodeId;

/// Names that are offered where one was not found.
const SUGGESTIONS: usize = 3;

/// The child at a path, or the only one of that name.
pub(super) fn child(machine: &Machine, name: &str) -> Result<NodeId, SupervisorError> {
    if let Some(id) = machine.lookup(name).filter(|_| !name.is_empty()) {
        return Ok(id);
    }
    let found = if name.contains('/') {
        Vec::new()
    } else {
        machine.named(name)
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(SupervisorError::UnknownChild {
            path: name.to_owned(),
            did_you_mean: nearest(machine, name),
        }),
        several => Err(SupervisorError::AmbiguousName {
            name: name.to_owned(),
            candidates: several
                .iter()
                .filter_map(|id| Some(machine.find(*id)?.path.to_string()))
                .collect(),
        }),
    }
}

/// The supervisor that a child at this path would belong to.
pub(super) fn parent(machine: &Machine, path: &str) -> Option<NodeId> {
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    supervisor(machine, parent).ok()
}

/// The supervisor at a path; the root is the empty one.
pub(super) fn supervisor(machine: &Machine, path: &str) -> Result<NodeId, SupervisorError> {
    let found = machine.lookup(path).filter(|id| {
        let node = machine.find(*id);
        node.is_some_and(|node| node.sup().is_some())
    });
    found.ok_or_else(|| SupervisorError::UnknownChild {
        path: path.to_owned(),
        did_you_mean: nearest(machine, path),
    })
}

/// Paths that the name may have been meant for.
pub(super) fn nearest(machine: &Machine, name: &str) -> Vec<String> {
    let paths = machine.paths();
    let mut left: Vec<&str> = paths.iter().map(|path| &**path).collect();
    let mut nearest = Vec::new();
    while nearest.len() < SUGGESTIONS {
        let Some(found) = suggest::closest(name, left.iter().copied()) else {
            break;
        };
        nearest.push(found.to_owned());
        left.retain(|path| *path != nearest[nearest.len() - 1]);
    }
    nearest
}
