//! How a tree is: for probes, and for who watches it from afar.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::handle::TreeRef;
use crate::event::failure::Failure;
use crate::machine::ready::Unready;
use crate::machine::walk::End;
use crate::machine::{Machine, TreePhase};
use crate::runtime::core::{Broken, Core, Stage};
use crate::runtime::tree::Tree;

/// Children that are looked at in one hold.
const CHUNK: usize = 1_024;

/// How a tree is; what [`TreeRef::health`] answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Health {
    /// How far the life of the tree is.
    pub state: TreeState,
    /// Every critical child is ready.
    pub ready: bool,
    /// Attempts that could not be ended, and still occupy a thread.
    pub stuck: usize,
    /// Why the tree gave up, or could not start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Arc<Failure>>,
    /// What the machine said when it panicked, should it ever do that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Arc<str>>,
}

/// How far the life of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TreeState {
    /// It has ended as it was asked to, or because its children were done.
    Ended,
    /// It gave up, could not start, or has broken.
    Failed,
    /// It has started, and has not been asked to stop.
    Running,
    /// It comes down.
    ShuttingDown,
    /// Its first start is under way.
    Starting,
}

/// Who keeps a tree from being ready; what [`TreeRef::readiness`] answers.
///
/// Displays as one line, for the body of a probe's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TreeReadiness {
    /// The tree runs, and every critical child is ready.
    pub ready: bool,
    /// Paths of critical children that are not ready; of a supervisor, what keeps it.
    pub missing: Vec<Arc<str>>,
}

impl Health {
    /// Whether there is nothing to worry about: nothing has failed, and nothing is stuck.
    ///
    /// A child that is being restarted is no reason to worry; [`ready`](Health::ready) tells.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.state != TreeState::Failed && self.stuck == 0
    }
}

impl TreeRef {
    /// How the tree is; also after its end.
    #[must_use]
    pub fn health(&self) -> Health {
        let broken = |text| Health {
            state: TreeState::Failed,
            ready: false,
            stuck: 0,
            failure: None,
            broken: Some(text),
        };
        let now = self.tree.now();
        match self.tree.with(now, |core| of(core)) {
            Ok(health) => health,
            Err(error) => broken(error.0),
        }
    }

    /// Whether the tree is ready, and who is missing.
    #[must_use]
    pub fn readiness(&self) -> TreeReadiness {
        who_is_missing(&self.tree).unwrap_or(TreeReadiness {
            ready: false,
            missing: Vec::new(),
        })
    }
}

/// Children are looked at in chunks: each hold of the lock is short, whatever the size of the tree.
fn who_is_missing(tree: &Arc<Tree>) -> Result<TreeReadiness, Broken> {
    let (mut unready, mut next) = (Vec::new(), Some(0));
    while let Some(from) = next {
        let (ready, more) = tree.read(|machine| {
            let ready = machine.is_ready();
            (ready, machine.copy_unready(from, CHUNK, &mut unready))
        })?;
        if ready {
            let missing = Vec::new();
            return Ok(TreeReadiness { ready, missing });
        }
        next = more;
    }
    Ok(TreeReadiness {
        ready: false,
        missing: Unready::missing(unready),
    })
}

fn of(core: &Core) -> Health {
    let failure = failure(&core.machine);
    Health {
        state: match core.stage() {
            Stage::Starting => TreeState::Starting,
            Stage::Up => TreeState::Running,
            Stage::Over if failure.is_some() => TreeState::Failed,
            Stage::Over => TreeState::Ended,
            Stage::Closing => TreeState::ShuttingDown,
        },
        ready: core.machine.is_ready(),
        stuck: core.machine.stuck(),
        failure,
        broken: None,
    }
}

fn failure(machine: &Machine) -> Option<Arc<Failure>> {
    match machine.tree_phase() {
        TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
            Some(Arc::clone(failure))
        }
        _ => None,
    }
}

impl fmt::Display for TreeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ended => "ended",
            Self::Failed => "failed",
            Self::Running => "running",
            Self::ShuttingDown => "shutting down",
            Self::Starting => "starting",
        })
    }
}

impl fmt::Display for TreeReadiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ready {
            return f.write_str("ready");
        }
        f.write_str("not ready")?;
        for (place, path) in self.missing.iter().enumerate() {
            f.write_str(if place == 0 { ": " } else { ", " })?;
            write!(f, "`{path}`")?;
        }
        Ok(())
    }
}
