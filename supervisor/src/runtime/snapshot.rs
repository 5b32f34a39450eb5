//! Copying a tree without holding its lock for long, and all the same as of one moment.
//!
//! Nodes are copied in chunks. Meanwhile the tree goes on, and the journal says what has changed:
//! that is copied again, in chunks too, until a hold comes to the newest event. The snapshot is the
//! tree as of that event. If the journal has been lapped in between, all begins anew; after a few
//! rounds of that, one long hold does it.

use std::collections::HashMap;
use std::sync::Arc;

use super::core::{Broken, Core};
use super::tree::Tree;
use crate::event::snapshot::Snapshot;
use crate::machine::snapshot::{Rest, Row};

/// Nodes that are copied in one hold.
const CHUNK: usize = 1024;
/// Events whose nodes are copied again in one hold.
const CHANGES: usize = 512;
/// Attempts without a long hold.
const ROUNDS: usize = 4;

type Changes = Vec<(Arc<str>, Option<Row>)>;

/// The tree as of one event.
pub(crate) fn take(tree: &Arc<Tree>) -> Result<Snapshot, Broken> {
    for _ in 0..ROUNDS {
        if let Some(snapshot) = in_chunks(tree)? {
            return Ok(snapshot);
        }
    }
    look(tree, |core| {
        let mut rows = Vec::new();
        core.machine.copy_rows(0, usize::MAX, &mut rows);
        core.count_sub_tasks(&mut rows);
        Rest::of(&core.machine).snapshot(rows)
    })
}

fn look<R>(tree: &Arc<Tree>, f: impl FnOnce(&mut Core) -> R) -> Result<R, Broken> {
    let now = tree.now();
    Ok(tree.with(now, None, f)?.0)
}

/// None if the journal has been lapped.
fn in_chunks(tree: &Arc<Tree>) -> Result<Option<Snapshot>, Broken> {
    let mut rows = Vec::new();
    let (mut next, mut seq) = (Some(0), None);
    while let Some(from) = next {
        // Lists grow without the lock.
        rows.reserve(CHUNK);
        let (more, newest) = look(tree, |core| {
            let known = rows.len();
            let more = core.machine.copy_rows(from, CHUNK, &mut rows);
            core.count_sub_tasks(&mut rows[known..]);
            (more, core.machine.journal().seq())
        })?;
        next = more;
        // What happens from the first hold on has to be looked at again.
        seq.get_or_insert(newest);
    }
    let (mut seq, mut changes) = (seq.unwrap_or(0), Changes::new());
    loop {
        changes.reserve(CHANGES);
        let copied = look(tree, |core| {
            let known = changes.len();
            let last = core.machine.copy_changes(seq, CHANGES, &mut changes)?;
            let copied = changes[known..]
                .iter_mut()
                .filter_map(|(_, row)| row.as_mut());
            core.count_sub_tasks(copied);
            let newest = core.machine.journal().seq() == last;
            Some((last, newest.then(|| Rest::of(&core.machine))))
        })?;
        match copied {
            None => return Ok(None),
            Some((_, Some(rest))) => return Ok(Some(rest.snapshot(patch(rows, changes)))),
            Some((last, None)) => seq = last,
        }
    }
}

/// Puts later copies in the place of earlier ones.
pub(crate) fn patch(mut rows: Vec<Row>, changes: Changes) -> Vec<Row> {
    if changes.is_empty() {
        return rows;
    }
    let places = rows.iter().enumerate();
    let mut known: HashMap<Arc<str>, usize> = places
        .map(|(place, row)| (Arc::clone(&row.child.path), place))
        .collect();
    let mut gone = vec![false; rows.len()];
    for (path, row) in changes {
        match (row, known.get(&path)) {
            (Some(row), Some(&place)) => {
                rows[place] = row;
                gone[place] = false;
            }
            (Some(row), None) => {
                known.insert(path, rows.len());
                rows.push(row);
                gone.push(false);
            }
            (None, Some(&place)) => gone[place] = true,
            (None, None) => {}
        }
    }
    let mut gone = gone.into_iter();
    rows.retain(|_| !gone.next().unwrap_or(false));
    rows
}
