//! Everything that shows a tree shows the same: copies in chunks, copies of what has changed, what
//! handles read, and a replay of all that the machine was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::event::snapshot::{ChildSnapshot, Snapshot};
use crate::id::path;
use crate::machine::mirror::{Mirror, Seen};
use crate::machine::node::{Body, Ix, NodeId, Phase};
use crate::machine::ready::Unready;
use crate::machine::snapshot::{Rest, Row};
use crate::machine::time::Nanos;
use crate::machine::{Machine, TreePhase};
use crate::runtime::snapshot::patch;

/// What must be the same wherever a child is shown.
type Shown = (u8, Option<u64>, bool, u32);

fn shown(child: &ChildSnapshot) -> Shown {
    (
        child.state as u8,
        child.generation,
        child.ready,
        child.attempt,
    )
}

fn lines(snapshot: &Snapshot) -> Vec<(Arc<str>, Shown)> {
    let line = |child: &ChildSnapshot| (Arc::clone(&child.path), shown(child));
    snapshot.children.iter().map(line).collect()
}

/// What has been seen of a tree so far.
#[derive(Default)]
pub(super) struct Views {
    seq: u64,
    moves: u64,
    rows: Vec<Row>,
    mirrors: BTreeMap<Arc<str>, (NodeId, Arc<Mirror>, Seen)>,
    /// When the tree was looked at last, and since when each child was then what it was.
    looked: Nanos,
    began: BTreeMap<Arc<str>, Began>,
}

/// Which attempt, whether it lived, and since when.
#[derive(Clone, Copy)]
struct Began {
    id: NodeId,
    generation: Option<u64>,
    lives: bool,
    since: Nanos,
}

impl Views {
    /// Looks at a tree that rests.
    pub(super) fn check(&mut self, world: &mut World) {
        let machine = &mut world.machine;
        self.is_up_to_date(machine);
        copies_in_chunks_are_whole(machine);
        it_is_known_who_is_missing(machine);
        counts_are_what_they_count(machine);
        budgets_are_those_that_count(machine);
        who_is_at_rest_stays_so(machine);
        self.time_counts_from_the_change(machine);
        self.mirrors_show_their_children(machine);
    }

    /// An attempt is as old as it is, whatever is asked of it; what has ended did so just now.
    fn time_counts_from_the_change(&mut self, machine: &Machine) {
        let places = machine.index.places();
        let began: BTreeMap<_, _> = places
            .map(|ix| {
                let node = &machine.nodes[ix];
                let began = Began {
                    id: machine.id(ix),
                    generation: node.generation(),
                    lives: node.phase.is_live(),
                    since: node.since,
                };
                (Arc::clone(&node.path), began)
            })
            .collect();
        for (path, now) in &began {
            let Some(before) = self.began.get(path).filter(|it| it.id == now.id) else {
                continue;
            };
            let same = now.generation == before.generation;
            if now.lives && before.lives && same {
                assert_eq!(now.since, before.since, "`{path}` lives on");
            } else if now.lives || before.lives {
                assert!(now.since >= self.looked, "`{path}` has changed since");
            }
        }
        self.looked = machine.now();
        self.began = began;
    }

    /// A copy of the tree to which changes are added comes to the tree as it is.
    fn is_up_to_date(&mut self, machine: &Machine) {
        let now = machine.journal().seq();
        assert!(now == self.seq || machine.moves() > self.moves, "it moves");
        self.moves = machine.moves();
        if self.rows.is_empty() {
            machine.copy_rows(0, usize::MAX, &mut self.rows);
            self.seq = now;
        }
        let mut changes = Vec::new();
        while self.seq < now {
            let last = machine.copy_changes(self.seq, 2, &mut changes);
            let last = last.expect("the journal reaches back");
            assert!(last > self.seq, "it comes to an end");
            self.seq = last;
        }
        assert_eq!(machine.copy_changes(now, 2, &mut changes), Some(now));
        self.rows = patch(std::mem::take(&mut self.rows), changes);
        let patched = Rest::of(machine).snapshot(self.rows.clone());
        // Places among siblings change without an event of each.
        let sorted = |snapshot: &Snapshot| {
            let mut lines = lines(snapshot);
            lines.sort();
            lines
        };
        assert_eq!(sorted(&patched), sorted(&machine.snapshot()));
    }

    /// What handles read, and who is told that there is something new to be read.
    fn mirrors_show_their_children(&mut self, machine: &mut Machine) {
        let mut changed = Vec::new();
        machine.take_changed_mirrors(&mut changed);
        for (path, (_, mirror, seen)) in &mut self.mirrors {
            let now = mirror.seen();
            let is_told = changed.iter().any(|other| Arc::ptr_eq(other, mirror));
            assert!(now == *seen || is_told, "nobody is told of `{path}`");
            *seen = now;
            let ix = machine.standing_at(path);
            let Some(ix) = ix.filter(|&ix| machine.nodes[ix].mirror.is_some()) else {
                continue;
            };
            let node = &machine.nodes[ix];
            let child = Seen::new(node.phase.public(), node.flags.ready, node.generation());
            assert_eq!(now, child, "`{path}` and its mirror");
            let outcome = mirror.outcome();
            assert!(outcome.is_none() || !node.phase.is_live(), "`{path}`");
            let at_rest = matches!(
                node.phase.public(),
                ChildState::Failed | ChildState::Finished | ChildState::Ignored
            );
            if at_rest {
                let outcome = outcome.unwrap_or_else(|| panic!("how `{path}` came to rest"));
                assert_eq!(outcome.state, node.phase.public(), "`{path}`");
                assert_eq!(outcome.exit.is_some(), node.last.is_some(), "`{path}`");
            }
        }
        for ix in those_that_have_their_paths(machine) {
            let path = Arc::clone(&machine.nodes[ix].path);
            let id = machine.id(ix);
            assert_eq!(machine.lookup(&path), Some(id), "`{path}`");
            let mirror = machine.mirror(id).expect("it is there");
            let seen = mirror.seen();
            let known = self
                .mirrors
                .entry(path)
                .or_insert_with(|| (id, Arc::clone(&mirror), seen));
            if !Arc::ptr_eq(&known.1, &mirror) {
                assert_ne!(known.0, id, "a child keeps its mirror");
                // Another node has its path now, and another mirror.
                *known = (id, mirror, seen);
            }
            known.0 = id;
        }
    }
}

/// Whoever is in a list and has its path; the root has no handle of its own.
fn those_that_have_their_paths(machine: &Machine) -> Vec<Ix> {
    let places = (0..machine.nodes.len()).map(crate::machine::index_of);
    let has_path = |&ix: &Ix| {
        let node = &machine.nodes[ix];
        node.flags.linked && machine.standing_at(&node.path) == Some(ix)
    };
    places.filter(has_path).collect()
}

/// Copies made a few places at a time are the copies that are made at once.
fn copies_in_chunks_are_whole(machine: &Machine) {
    let (mut rows, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        next = machine.copy_rows(from, 3, &mut rows);
    }
    let chunks = Rest::of(machine).snapshot(rows);
    assert_eq!(lines(&chunks), lines(&machine.snapshot()));

    let (mut paths, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        next = machine.copy_paths(from, 3, &mut paths);
    }
    let linked = those_that_have_their_paths(machine).into_iter();
    let linked: BTreeSet<_> = linked
        .map(|ix| Arc::clone(&machine.nodes[ix].path))
        .collect();
    assert_eq!(paths.iter().cloned().collect::<BTreeSet<_>>(), linked);
    assert_eq!(paths.len(), linked.len(), "each once");

    let (mut nodes, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        next = machine.copy_nodes(from, 3, &mut nodes);
    }
    assert_eq!(nodes.len(), machine.nodes.len());
}

/// The critical children that keep a tree from being ready; of a supervisor, what keeps it.
fn it_is_known_who_is_missing(machine: &Machine) {
    fn below(machine: &Machine, sup: Ix, missing: &mut Vec<Arc<str>>) {
        for (ix, node) in machine.children_of(machine.nodes.sup(sup)) {
            if node.flags.ready || !node.policy.critical {
                continue;
            }
            let before = missing.len();
            if node.sup().is_some() {
                below(machine, ix, missing);
            }
            if missing.len() == before {
                missing.push(Arc::clone(&node.path));
            }
        }
    }
    let mut expected = Vec::new();
    below(machine, Ix::ROOT, &mut expected);
    let (mut unready, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        next = machine.copy_unready(from, 3, &mut unready);
    }
    assert_eq!(Unready::missing(unready), expected);
}

fn counts_are_what_they_count(machine: &Machine) {
    let nodes =
        || (0..machine.nodes.len()).map(|place| &machine.nodes[crate::machine::index_of(place)]);
    let stuck = nodes()
        .filter(|node| matches!(node.phase, Phase::Stuck(_)))
        .count();
    let live = nodes().filter(|node| node.phase.is_live()).count();
    assert_eq!(machine.stuck(), stuck);
    assert_eq!(machine.snapshot().at, machine.now().since_start());
    let ended = matches!(machine.tree_phase(), TreePhase::Ended(_));
    assert_eq!(machine.is_over(), ended && live == stuck);
    match machine.tree_phase() {
        TreePhase::Idle | TreePhase::Starting => assert!(!machine.has_been_up()),
        TreePhase::Up => assert!(machine.has_been_up()),
        TreePhase::Closing | TreePhase::Ended(_) => {}
    }
    let ids: Vec<(NodeId, &str)> = machine
        .index
        .places()
        .filter(|&ix| machine.nodes[ix].flags.linked && machine.is_in_the_tree(ix))
        .map(|ix| (machine.id(ix), &*machine.nodes[ix].path))
        .collect();
    for &(above, prefix) in &ids {
        for &(below, path) in &ids {
            let rest = path.strip_prefix(prefix);
            let is_above = rest
                .is_some_and(|rest| rest.is_empty() || prefix.is_empty() || rest.starts_with('/'));
            assert_eq!(
                machine.is_above(above, below),
                is_above,
                "`{prefix}`, `{path}`"
            );
        }
    }
    #[cfg(feature = "metrics")]
    for &(id, path) in &ids {
        let node = machine.find(id).expect("it is there");
        assert_eq!(
            machine.is_added(path),
            Some(!node.flags.is_static),
            "`{path}`"
        );
        let left = machine.snapshot().child(path).and_then(|child| {
            let intensity = child.supervisor.as_ref()?.intensity;
            Some((intensity.left, intensity.of))
        });
        if !path.is_empty() {
            assert_eq!(machine.intensity_left(path), left, "`{path}`");
        }
    }
}

/// What a command tells of the limit of a child is what a snapshot shows of it.
fn budgets_are_those_that_count(machine: &Machine) {
    let snapshot = machine.snapshot();
    let places = machine.index.places();
    for ix in places.filter(|&ix| machine.nodes[ix].flags.linked && machine.is_in_the_tree(ix)) {
        let node = &machine.nodes[ix];
        let above = match path::above(&node.path) {
            "" => Some(&snapshot.root),
            above => snapshot
                .child(above)
                .and_then(|above| above.supervisor.as_ref()),
        };
        // The path may still be that of another, and the root has none above it.
        let child = snapshot.child(&node.path).filter(|_| ix != Ix::ROOT);
        let budget = child.and_then(|child| Some(child.fuse.unwrap_or(above?.intensity)));
        let standing = machine.standing(ix);
        let told = (standing.limit.restarts, standing.used);
        let expected = budget.map_or((0, 0), |budget| (budget.of, budget.of - budget.left));
        assert_eq!(told, expected, "`{}`", node.path);
        let says_ready = match node.body {
            Body::Supervisor(_) => true,
            Body::Declared => false,
            Body::Worker => node.policy.readiness != Readiness::Immediate,
        };
        assert_eq!(standing.ready, says_ready.then_some(node.flags.ready));
        assert_eq!(standing.generation, node.generation());
    }
}

/// A child that is down comes back without a word only with a supervisor that starts anew.
fn who_is_at_rest_stays_so(machine: &Machine) {
    for ix in machine.index.places() {
        let (path, mut at) = (&machine.nodes[ix].path, ix);
        if !machine.nodes[ix].phase.is_down() {
            continue;
        }
        let expected = loop {
            let node = &machine.nodes[at];
            match node.phase.public() {
                ChildState::Failed if node.parent != Ix::NONE => at = node.parent,
                ChildState::Running => break !machine.comes_down(at),
                _ => break node.phase.is_down(),
            }
        };
        assert_eq!(machine.is_at_rest(path), expected, "`{path}`");
    }
}

/// Has everything written down that the machine of a fresh tree is told.
#[cfg(feature = "recorder")]
pub(super) fn record(world: &mut World, spec: SupervisorSpec) {
    let plan = crate::spec::plan::Plan::try_from(spec).expect("the tree is sound");
    let recorder = crate::machine::recorder::Recorder::new(&plan, usize::MAX);
    world.machine.record(recorder);
}

/// What was written down comes to the same events, and the same tree.
#[cfg(feature = "recorder")]
pub(super) fn replays(world: &World) {
    let recording = crate::recorder::Recording::of(&world.machine).expect("it is recorded");
    assert!(recording.is_complete() && !recording.is_empty());
    let replayed = recording.replay().expect("it can be played");
    let mut events = Vec::new();
    world.machine.journal().read(0, usize::MAX, &mut events);
    let events: Vec<_> = events
        .iter()
        .map(|event| format!("{} {event}", event.seq))
        .collect();
    assert_eq!(replayed.lines(), events);
    assert_eq!(lines(&replayed.snapshot), lines(&world.snapshot()));
}
