//! `after` names earlier siblings, or any sibling where the order of starts is free.

use std::collections::HashMap;

use rust_supervisor_settings::suggest;
use syn::Error;

use super::{Entry, EntryKind, Tree};
use crate::diagnostics::Diagnostics;
use crate::setting::{Name, Value};

/// Reports dependencies that are not there, come too late or wait for each other.
pub(crate) fn validate(tree: &Tree, diagnostics: &mut Diagnostics) {
    let siblings = Siblings::of(tree, diagnostics);
    let in_a_cycle = siblings.cycles(diagnostics);
    if siblings.ordered {
        siblings.later(&in_a_cycle, diagnostics);
    }
}

/// The children of one supervisor, and who is after whom.
struct Siblings<'a> {
    entries: &'a [Entry],
    /// For every entry, the names it is after and where they are found.
    after: Vec<Vec<(&'a Name, usize)>>,
    /// Whether children start one after the other; not if that is not known.
    ordered: bool,
}

impl<'a> Siblings<'a> {
    /// Looks every name up, and reports those that are nowhere.
    fn of(tree: &'a Tree, diagnostics: &mut Diagnostics) -> Self {
        let entries = &tree.entries;
        let mut after = Vec::with_capacity(entries.len());
        let places = places(entries);
        for entry in entries {
            let mut found = Vec::new();
            for name in dependencies(entry) {
                match places.get(name.text.as_str()) {
                    Some(&position) => found.push((name, position)),
                    None if brings_names(entries) => {}
                    None => diagnostics.report(unknown(entries, entry, name)),
                }
            }
            after.push(found);
        }
        let settings = &tree.settings;
        let ordered = match settings.word("start") {
            Some(word) => word == "ordered",
            None => !settings.mentions("start"),
        };
        Self {
            entries,
            after,
            ordered,
        }
    }

    /// Reports every cycle once, and says who is in one.
    fn cycles(&self, diagnostics: &mut Diagnostics) -> Vec<bool> {
        let mut in_a_cycle = vec![false; self.entries.len()];
        let suspects = self.never_startable();
        for start in 0..self.entries.len() {
            if in_a_cycle[start] || !suspects[start] {
                continue;
            }
            let Some(path) = self.way_back(start) else {
                continue;
            };
            for &position in &path {
                in_a_cycle[position] = true;
            }
            let names: Vec<String> = path
                .iter()
                .chain([&start])
                .filter_map(|&position| self.entries[position].name.as_ref())
                .map(|name| format!("`{}`", name.text))
                .collect();
            let message = match &names[..] {
                [name, _] => format!("{name} waits for itself\ntake it out of its own `after`"),
                names => format!(
                    "these children wait for each other: {}\ntake one of these `after` away",
                    names.join(" after ")
                ),
            };
            let next = path.get(1).copied().unwrap_or(start);
            let at = self.after[start]
                .iter()
                .find(|(_, position)| *position == next);
            if let Some((name, _)) = at {
                diagnostics.report(Error::new(name.span, message));
            }
        }
        in_a_cycle
    }

    /// Those that are in a cycle, or after one: what is left when all others have started.
    ///
    /// Only these are looked at closely, so that a large tree without a cycle costs one look.
    fn never_startable(&self) -> Vec<bool> {
        let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); self.after.len()];
        let mut waits_for: Vec<usize> = self.after.iter().map(Vec::len).collect();
        for (position, after) in self.after.iter().enumerate() {
            for (_, on) in after {
                dependents[*on].push(position);
            }
        }
        let mut startable: Vec<usize> = (0..self.after.len())
            .filter(|&position| waits_for[position] == 0)
            .collect();
        while let Some(started) = startable.pop() {
            for &dependent in &dependents[started] {
                waits_for[dependent] -= 1;
                if waits_for[dependent] == 0 {
                    startable.push(dependent);
                }
            }
        }
        waits_for.iter().map(|&left| left > 0).collect()
    }

    /// The way from a child along `after` back to itself.
    ///
    /// Conditional entries are left out: both ends of an edge may not be there at once.
    fn way_back(&self, start: usize) -> Option<Vec<usize>> {
        let certain = |position: usize| self.entries[position].cfg.is_empty();
        let mut seen = vec![false; self.entries.len()];
        // Depth first; `path` holds a child and how many of its dependencies have been followed.
        let mut path = if certain(start) {
            vec![(start, 0)]
        } else {
            Vec::new()
        };
        while let Some((position, followed)) = path.last_mut() {
            let Some((_, next)) = self.after[*position].get(*followed) else {
                path.pop();
                continue;
            };
            *followed += 1;
            if *next == start {
                return Some(path.into_iter().map(|(position, _)| position).collect());
            }
            if certain(*next) && !seen[*next] {
                seen[*next] = true;
                path.push((*next, 0));
            }
        }
        None
    }

    /// Reports dependencies that are started after those who wait for them.
    fn later(&self, in_a_cycle: &[bool], diagnostics: &mut Diagnostics) {
        for (position, after) in self.after.iter().enumerate() {
            let Some(child) = &self.entries[position].name else {
                continue;
            };
            for (name, dependency) in after {
                // Moving it would not help where they wait for each other.
                let in_vain = in_a_cycle[position] && in_a_cycle[*dependency];
                if *dependency > position && !in_vain {
                    let message = format!(
                        "`{}` starts after `{}`\nmove it up, or write `start = \"concurrent\"`",
                        name.text, child.text
                    );
                    diagnostics.report(Error::new(name.span, message));
                }
            }
        }
    }
}

/// The names in the `after` of an entry.
fn dependencies(entry: &Entry) -> impl Iterator<Item = &Name> {
    let after = entry.settings().and_then(|settings| settings.get("after"));
    let names = match after.map(|after| &after.value) {
        Some(Value::Names(names)) => names.as_slice(),
        _ => &[],
    };
    names.iter()
}

/// Where the names are; of two that are the same, the first.
fn places(entries: &[Entry]) -> HashMap<&str, usize> {
    let mut places = HashMap::with_capacity(entries.len());
    for (position, entry) in entries.iter().enumerate() {
        if let Some(name) = &entry.name {
            places.entry(name.text.as_str()).or_insert(position);
        }
    }
    places
}

/// Whether there are children whose names are not known here.
fn brings_names(entries: &[Entry]) -> bool {
    entries
        .iter()
        .any(|entry| entry.name.is_none() && matches!(entry.kind, EntryKind::Splice(_)))
}

fn unknown(entries: &[Entry], of: &Entry, name: &Name) -> Error {
    let own = of.name.as_ref().map(|own| own.text.as_str());
    let siblings: Vec<&str> = entries
        .iter()
        .filter_map(|entry| entry.name.as_ref())
        .map(|sibling| sibling.text.as_str())
        .filter(|sibling| Some(*sibling) != own)
        .collect();
    let did_you_mean = suggest::closest(&name.text, siblings.iter().copied())
        .map_or_else(String::new, |closest| {
            format!("; did you mean `{closest}`?")
        });
    let message = format!(
        "unknown sibling `{}`{did_you_mean}\n\
         `after` names children of the same supervisor: {}",
        name.text,
        listed(&siblings)
    );
    Error::new(name.span, message)
}

/// The first of the names; a message is not a list of all children.
fn listed(siblings: &[&str]) -> String {
    const SHOWN: usize = 8;
    if siblings.is_empty() {
        return "there is no other".to_owned();
    }
    let shown: Vec<String> = siblings
        .iter()
        .take(SHOWN)
        .map(|sibling| format!("`{sibling}`"))
        .collect();
    let more = match siblings.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}
