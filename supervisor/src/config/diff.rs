//! What is different between the tree that runs and the one that a new file describes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::reload::{Change, ChangeKind, RestartCause, SettingChange};
use super::shown;
use crate::id::path;
use crate::id::types::ChildId;
use crate::machine::reload::{List, Part, Reload};
use crate::spec::outline::{Outline, OutlinedBody, OutlinedNode};
use crate::spec::plan::{Plan, Planned, PlannedBody, PlannedNode};
use crate::spec::policy::Pool;

/// The differences, in the order of the new tree; what is removed stands in its old place.
#[derive(Debug, Default)]
pub(crate) struct Diff {
    pub(super) changes: Vec<Change>,
    /// Supervisors in both trees whose list is different.
    lists: Vec<Arc<str>>,
    /// Nodes that are in both trees and stay what they are.
    same: HashMap<Arc<str>, (usize, usize)>,
    recoded: Vec<Arc<str>>,
    dependents: HashSet<Arc<str>>,
    added: Vec<usize>,
    removed: Vec<Arc<str>>,
}

/// Nodes of an outline by path, and the children of each.
struct Tree<'o> {
    outline: &'o Outline,
    children: Vec<Vec<usize>>,
}

impl<'o> Tree<'o> {
    fn new(outline: &'o Outline) -> Self {
        let mut children = vec![Vec::new(); outline.nodes.len()];
        for (at, node) in outline.nodes.iter().enumerate() {
            if let Some(parent) = node.parent {
                children[parent].push(at);
            }
        }
        Self { outline, children }
    }

    fn node(&self, at: usize) -> &'o OutlinedNode {
        &self.outline.nodes[at]
    }
}

impl Diff {
    /// Compares two trees.
    pub(super) fn between(old: &Outline, new: &Outline) -> Self {
        let (old, new) = (Tree::new(old), Tree::new(new));
        let mut diff = Self::default();
        diff.node(&old, &new, 0, 0);
        diff
    }

    /// Compares a node that stays what it is.
    fn node(&mut self, old: &Tree<'_>, new: &Tree<'_>, was: usize, is: usize) {
        let (before, after) = (old.node(was), new.node(is));
        let path = &after.path;
        self.same.insert(Arc::clone(path), (was, is));
        let mut settings = shown::differences(
            &shown::of_child(&before.policy),
            &shown::of_child(&after.policy),
        );
        if let (OutlinedBody::Supervisor(before), OutlinedBody::Supervisor(after)) =
            (&before.body, &after.body)
        {
            settings.extend(shown::differences(
                &shown::of_supervisor(before),
                &shown::of_supervisor(after),
            ));
        }
        if !settings.is_empty() {
            self.change(path, ChangeKind::Retuned { settings });
        }
        if before.origin != after.origin && arguments_differ(before, after) {
            self.recoded.push(Arc::clone(path));
            let cause = RestartCause::Arguments;
            self.change(path, ChangeKind::Restarted { cause });
        }
        self.children(old, new, was, is);
    }

    fn children(&mut self, old: &Tree<'_>, new: &Tree<'_>, was: usize, is: usize) {
        let by_path = |tree: &Tree<'_>, at: usize| -> HashMap<Arc<str>, usize> {
            let children = tree.children[at].iter();
            children
                .map(|&child| (Arc::clone(&tree.node(child).path), child))
                .collect()
        };
        let (before, after) = (by_path(old, was), by_path(new, is));
        let stays = |path: &Arc<str>| {
            let (was, is) = (before.get(path)?, after.get(path)?);
            is_same(old.node(*was), new.node(*is)).then_some((*was, *is))
        };
        let mut changed: Vec<Arc<str>> = Vec::new();
        let mut is_listed = false;
        for &child in &old.children[was] {
            let path = &old.node(child).path;
            if stays(path).is_some() {
                continue;
            }
            is_listed = true;
            self.removed.push(Arc::clone(path));
            if after.contains_key(path) {
                changed.push(Arc::clone(path));
            } else {
                self.change(path, ChangeKind::Removed);
            }
        }
        let (mut sequence_before, mut sequence_after) = (Vec::new(), Vec::new());
        for &child in &old.children[was] {
            sequence_before.extend(stays(&old.node(child).path).map(|(was, _)| was));
        }
        for &child in &new.children[is] {
            let path = &new.node(child).path;
            if let Some((was, is)) = stays(path) {
                sequence_after.push(was);
                let recoded = self.recoded.len();
                self.node(old, new, was, is);
                if self.recoded.get(recoded).is_some_and(|first| first == path) {
                    changed.push(Arc::clone(path));
                }
                let names = |tree: &Tree<'_>, at: usize| -> Vec<Arc<str>> {
                    let after = tree.node(at).after.iter();
                    after.map(|&on| Arc::clone(&tree.node(on).path)).collect()
                };
                let (from, to) = (names(old, was), names(new, is));
                if from != to {
                    is_listed = true;
                    let settings = vec![SettingChange {
                        setting: "after",
                        from: names_text(&from),
                        to: names_text(&to),
                    }];
                    self.change(path, ChangeKind::Retuned { settings });
                }
                continue;
            }
            is_listed = true;
            self.added.push(child);
            let replaced = before.get(path).map(|&was| old.node(was));
            let kind = match replaced {
                None => ChangeKind::Added,
                Some(former) => ChangeKind::Restarted {
                    cause: replaced_because(former, new.node(child)),
                },
            };
            self.change(path, kind);
        }
        for (at, was) in sequence_after.iter().enumerate() {
            // Those that stand behind one that stood behind them.
            let moved = sequence_before.get(at) != Some(was);
            is_listed |= moved;
            if moved {
                self.change(&old.node(*was).path, ChangeKind::Moved);
            }
        }
        self.after(old, was, &changed);
        if is_listed {
            self.lists.push(Arc::clone(&new.node(is).path));
        }
    }

    /// Those that are after a child that starts with other code.
    fn after(&mut self, old: &Tree<'_>, was: usize, changed: &[Arc<str>]) {
        if changed.is_empty() {
            return;
        }
        let changed: HashSet<&Arc<str>> = changed.iter().collect();
        let removed: HashSet<&Arc<str>> = self.removed.iter().collect();
        let mut cause: HashMap<usize, Arc<str>> = HashMap::new();
        let siblings = &old.children[was];
        let mut reached: Vec<(usize, Arc<str>)> = siblings
            .iter()
            .filter(|&&child| changed.contains(&old.node(child).path))
            .map(|&child| (child, Arc::clone(&old.node(child).path)))
            .collect();
        let mut dependents: HashMap<usize, Vec<usize>> = HashMap::new();
        for &child in siblings {
            for &on in &old.node(child).after {
                dependents.entry(on).or_default().push(child);
            }
        }
        while let Some((child, of)) = reached.pop() {
            for &dependent in dependents.get(&child).map_or(&[][..], Vec::as_slice) {
                let path = &old.node(dependent).path;
                let known = cause.contains_key(&dependent) || changed.contains(path);
                if !known && !removed.contains(path) {
                    cause.insert(dependent, Arc::clone(&of));
                    reached.push((dependent, Arc::clone(path)));
                }
            }
        }
        let mut found: Vec<(usize, Arc<str>)> = cause.into_iter().collect();
        found.sort_unstable();
        for (dependent, of) in found {
            let path = &old.node(dependent).path;
            self.dependents.insert(Arc::clone(path));
            let cause = RestartCause::After {
                child: of.to_string(),
            };
            self.change(path, ChangeKind::Restarted { cause });
        }
    }

    fn change(&mut self, path: &Arc<str>, kind: ChangeKind) {
        self.changes.push(Change {
            path: path::shown(path).to_owned(),
            kind,
        });
    }

    /// What the machine is told.
    pub(super) fn into_reload(self, old: &Outline, new: &Outline, plan: Plan) -> Reload {
        let mut nodes: Vec<Option<PlannedNode>> = plan.nodes.into_iter().map(Some).collect();
        let mut parts = Parts::default();
        let mut paths: Vec<&Arc<str>> = self.same.keys().collect();
        paths.sort_unstable();
        for path in paths {
            let (was, is) = self.same[path];
            let (before, after) = (&old.nodes[was], &new.nodes[is]);
            if before.policy != after.policy {
                let tuned = (Arc::clone(path), Arc::clone(&after.policy));
                parts.above(path).tuned.push(tuned);
            }
            if let (OutlinedBody::Supervisor(before), OutlinedBody::Supervisor(after)) =
                (&before.body, &after.body)
            {
                if before != after {
                    parts.of(path).policy = Some(after.clone());
                }
            }
        }
        for path in self.recoded {
            let (_, is) = self.same[&path];
            if let Some(PlannedNode {
                body: PlannedBody::Worker(launch),
                ..
            }) = nodes[is].take()
            {
                parts.above(&path).recoded.push((path, launch));
            }
        }
        for path in self.dependents {
            parts.above(&path).dependents.push(path);
        }
        let tree = Tree::new(new);
        for path in self.lists {
            let (_, is) = self.same[&path];
            let siblings = tree.children[is].iter();
            let names = siblings.map(|&child| {
                let node = tree.node(child);
                let after = node.after.iter().map(|&on| name_of(&new.nodes[on].path));
                (Arc::clone(&node.path), after.collect())
            });
            parts.list(&path).order = names.collect();
        }
        for path in self.removed {
            parts.list(path::above(&path)).removed.push(path);
        }
        for at in self.added {
            let planned = subtree(new, &mut nodes, at);
            let above = path::above(&new.nodes[at].path);
            parts.list(above).added.push(planned);
        }
        Reload { parts: parts.all }
    }

    /// What the machine is told to make of one tree the other.
    #[cfg(any(test, feature = "__world"))]
    pub(crate) fn reload(old: &Outline, new: &Outline, plan: Plan) -> Reload {
        Self::between(old, new).into_reload(old, new, plan)
    }

    /// Whatever stops for it.
    pub(super) fn stopping(&self) -> Stopping<'_> {
        let paths = self.removed.iter().chain(&self.recoded);
        let paths = paths.chain(&self.dependents);
        Stopping(paths.map(|path| &**path).collect())
    }
}

/// The parts of a reload, one for each supervisor that has any, in the order in which they are found.
#[derive(Default)]
struct Parts {
    all: Vec<Part>,
    places: HashMap<Arc<str>, usize>,
}

impl Parts {
    fn of(&mut self, supervisor: &str) -> &mut Part {
        let place = if let Some(&place) = self.places.get(supervisor) {
            place
        } else {
            let supervisor: Arc<str> = supervisor.into();
            self.places.insert(Arc::clone(&supervisor), self.all.len());
            self.all.push(Part {
                supervisor,
                ..Part::default()
            });
            self.all.len() - 1
        };
        &mut self.all[place]
    }

    /// The part of the supervisor that a child belongs to.
    fn above(&mut self, child: &str) -> &mut Part {
        self.of(path::above(child))
    }

    fn list(&mut self, supervisor: &str) -> &mut List {
        self.of(supervisor).list.get_or_insert_default()
    }
}

/// The children that a reload stops, with whatever is below them.
pub(super) struct Stopping<'d>(HashSet<&'d str>);

impl Stopping<'_> {
    /// Whether whatever runs at this path is one of them.
    pub(super) fn holds(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(end, _)| end);
        let mut above = ends.chain([path.len()]).map(|end| &path[..end]);
        above.any(|path| self.0.contains(path))
    }
}

/// Whether the roots are of different kinds, and no tree becomes the other while it runs.
pub(super) fn replaces_the_root(old: &Outline, new: &Outline) -> bool {
    !is_same(&old.nodes[0], &new.nodes[0])
}

/// Takes a node and everything below it out of a plan.
fn subtree(new: &Outline, nodes: &mut [Option<PlannedNode>], at: usize) -> Planned {
    let mut taken = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (place, node) in nodes.iter_mut().enumerate().skip(at) {
        let parent = new.nodes[place].parent;
        if place != at && !parent.is_some_and(|parent| places.contains_key(&parent)) {
            break;
        }
        let Some(mut node) = node.take() else { break };
        node.parent = parent.and_then(|parent| places.get(&parent).copied());
        places.insert(place, taken.len());
        taken.push(node);
    }
    // A child may be after a later one. The siblings of the first, which stand outside, are found by
    // name where it is put in.
    for node in &mut taken {
        node.after = node
            .after
            .iter()
            .filter_map(|on| places.get(on).copied())
            .collect();
    }
    Planned {
        nodes: taken,
        after: Vec::new(),
        longest: None,
    }
}

fn name_of(path: &str) -> ChildId {
    ChildId::new(path::name(path))
}

/// Whether a node can become the other without being replaced.
fn is_same(before: &OutlinedNode, after: &OutlinedNode) -> bool {
    match (&before.body, &after.body) {
        (OutlinedBody::Supervisor(before), OutlinedBody::Supervisor(after)) => {
            (before.pool == Pool::Off) == (after.pool == Pool::Off)
        }
        (OutlinedBody::Worker, OutlinedBody::Worker) => template(before) == template(after),
        (OutlinedBody::Declared, OutlinedBody::Declared) => true,
        _ => false,
    }
}

fn template(node: &OutlinedNode) -> Option<&str> {
    node.origin.as_ref().map(|origin| &*origin.template)
}

fn arguments_differ(before: &OutlinedNode, after: &OutlinedNode) -> bool {
    let arguments = |node: &OutlinedNode| node.origin.as_ref()?.arguments.clone();
    match (arguments(before), arguments(after)) {
        (Some(before), Some(after)) => before != after,
        // Code has handed them over, and still does.
        _ => false,
    }
}

fn replaced_because(before: &OutlinedNode, after: &OutlinedNode) -> RestartCause {
    match (template(before), template(after)) {
        (Some(from), Some(to)) if from != to => RestartCause::Template {
            from: from.to_owned(),
            to: to.to_owned(),
        },
        _ => RestartCause::Kind,
    }
}

fn names_text(paths: &[Arc<str>]) -> String {
    let names: Vec<String> = paths.iter().map(|path| name_of(path).to_string()).collect();
    format!("[{}]", names.join(", "))
}
