//! A snapshot as a table, for people.

use std::fmt;

use super::snapshot::{BudgetSnapshot, ChildSnapshot, Snapshot, SupervisorSnapshot};
use crate::control::outcome::ChildControlOperation;
use crate::id::path;
use crate::shutdown::stage::ShutdownPhase;

const HEAD: [&str; COLUMNS] = ["CHILD", "STATE", "FOR", "GEN", "TRY", "LEFT", ""];
const COLUMNS: usize = 7;
/// Columns of numbers stand to the right.
const NUMBERS: std::ops::Range<usize> = 2..6;

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = if self.ready { "ready" } else { "not ready" };
        write!(f, "tree {ready}, as of event {}", self.as_of_seq)?;
        if self.shutdown != ShutdownPhase::Idle {
            write!(f, "; shutdown: {}", self.shutdown)?;
        }
        let mut rows = vec![HEAD.map(str::to_owned), root(&self.root)];
        rows.extend(self.children.iter().map(row));
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; COLUMNS] = std::array::from_fn(width);
        for row in &rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let width = widths[column];
                if NUMBERS.contains(&column) {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:<width$}")
                }
            });
            let line: Vec<String> = cells.collect();
            write!(f, "\n{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

fn root(root: &SupervisorSnapshot) -> [String; COLUMNS] {
    let (left, notes) = (root.intensity.to_string(), root.strategy.to_string());
    let [state, time, generation, attempt] = [const { String::new() }; 4];
    [
        "/".to_owned(),
        state,
        time,
        generation,
        attempt,
        left,
        notes,
    ]
}

fn row(child: &ChildSnapshot) -> [String; COLUMNS] {
    let depth = child.path.matches('/').count();
    let name = path::name(&child.path);
    let state = match child.operation {
        ChildControlOperation::Active => child.state.to_string(),
        operation if child.state.is_down() => operation.to_string(),
        operation => format!("{}, {operation}", child.state),
    };
    let intensity = child.supervisor.as_ref().map(|it| it.intensity);
    let left = child.fuse.or(intensity);
    [
        format!("{:indent$}{name}", "", indent = 2 * depth + 2),
        state,
        format!("{:.1?}", child.since),
        child
            .generation
            .map_or_else(String::new, |it| it.to_string()),
        child
            .generation
            .map_or_else(String::new, |_| child.attempt.to_string()),
        left.map_or_else(String::new, |left| left.to_string()),
        notes(child),
    ]
}

fn notes(child: &ChildSnapshot) -> String {
    let mut notes = Vec::new();
    if let Some(supervisor) = &child.supervisor {
        notes.push(supervisor.strategy.to_string());
    }
    if let Some(delay) = child.restart_in {
        notes.push(format!("restarts in {delay:.1?}"));
    }
    if let Some(stalled) = child.stalled {
        notes.push(format!("inside one poll for {stalled:.1?}"));
    }
    if let Some(stuck) = &child.stuck {
        notes.push(format!("{}, given up {:.1?} ago", stuck.doing, stuck.since));
    }
    if child.sub_tasks > 0 {
        notes.push(format!("sub-tasks: {}", child.sub_tasks));
    }
    if let Some(exit) = &child.last_exit {
        notes.push(format!("last: {exit}"));
    }
    notes.extend(child.tags.iter().map(|tag| format!("#{tag}")));
    notes.join("; ")
}

impl fmt::Display for BudgetSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.left, self.of)
    }
}
