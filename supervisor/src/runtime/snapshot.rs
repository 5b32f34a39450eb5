//! Copying a tree without holding its lock for long, and all the same as of one moment.
//!
//! Nodes are copied in chunks. Meanwhile the tree goes on, and the journal says what has changed:
//! that is copied again, in chunks too, until a hold comes to the newest event. The snapshot is the
//! tree as of that event. Changes are copied along with the nodes, so that in a large tree the
//! journal is not lapped before the last node. If it has been all the same, all begins anew; after
//! a few rounds of that, one long hold does it.

use std::collections::HashMap;
use std::sync::Arc;

use super::core::{Broken, Core};
use super::sync::give_way;
use super::tree::Tree;
use crate::event::snapshot::Snapshot;
use crate::machine::Machine;
use crate::machine::snapshot::{Rest, Row};

/// Nodes that are copied in one hold: so few that who wants the lock meanwhile still tries for it.
/// Who sleeps is woken when it is held again.
const CHUNK: usize = 128;
/// Events whose nodes are copied again in one hold.
const CHANGES: usize = 256;
/// Attempts without a long hold.
const ROUNDS: usize = 4;

type Changes = Vec<(Arc<str>, Option<Row>)>;

/// The tree as of one event.
pub(crate) fn take(tree: &Arc<Tree>) -> Result<Snapshot, Broken> {
    for _ in 0..ROUNDS {
        let mut copy = Copying::new();
        loop {
            copy.make_room();
            give_way();
            let step = look(tree, |core| {
                let step = copy.step(&core.machine);
                core.count_sub_tasks(copy.new_rows());
                step
            })?;
            match step {
                Step::Lapped => break,
                Step::More => {}
                Step::Whole(rest) => return Ok(rest.snapshot(copy.into_rows())),
            }
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
    tree.with(now, f)
}

/// A tree that is being copied, one hold after the other.
pub(crate) struct Copying {
    rows: Vec<Row>,
    /// Where to go on in the arena; none when all of it has been copied.
    next: Option<usize>,
    changes: Changes,
    /// Number of the last event whose change has been copied; none before the first hold.
    seq: Option<u64>,
    /// What the last hold has added begins here.
    known: (usize, usize),
    /// It is the turn of the nodes.
    nodes_next: bool,
}

/// How far a copy is.
pub(crate) enum Step {
    /// The journal has been lapped.
    Lapped,
    More,
    /// And what is not about one child.
    Whole(Rest),
}

impl Copying {
    pub(crate) const fn new() -> Self {
        Self {
            rows: Vec::new(),
            next: Some(0),
            changes: Vec::new(),
            seq: None,
            known: (0, 0),
            nodes_next: true,
        }
    }

    /// Lists grow without the lock.
    fn make_room(&mut self) {
        self.rows.reserve(CHUNK);
        self.changes.reserve(CHANGES);
    }

    /// Copies what one hold has the time for: nodes, or else what has changed.
    pub(crate) fn step(&mut self, machine: &Machine) -> Step {
        self.known = (self.rows.len(), self.changes.len());
        let newest = machine.journal().seq();
        // What happens from the first hold on has to be looked at again.
        let seq = self.seq.get_or_insert(newest);
        if let (Some(from), true) = (self.next, self.nodes_next) {
            self.next = machine.copy_rows(from, CHUNK, &mut self.rows);
            self.nodes_next = false;
            return Step::More;
        }
        self.nodes_next = true;
        let Some(last) = machine.copy_changes(*seq, CHANGES, &mut self.changes) else {
            return Step::Lapped;
        };
        *seq = last;
        if last == newest && self.next.is_none() {
            Step::Whole(Rest::of(machine))
        } else {
            Step::More
        }
    }

    /// What the last hold has added.
    fn new_rows(&mut self) -> impl Iterator<Item = &mut Row> {
        let (rows, changes) = self.known;
        let again = self.changes[changes..].iter_mut();
        let again = again.filter_map(|(_, row)| row.as_mut());
        self.rows[rows..].iter_mut().chain(again)
    }

    pub(crate) fn into_rows(self) -> Vec<Row> {
        patch(self.rows, self.changes)
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
