//! What a new file changes in a tree that runs: seen first, then carried out.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot;

use super::diff::{Diff, replaces_the_root};
use super::file::TreeFile;
use super::problem::InvalidConfig;
use crate::control::answer::explain;
use crate::control::audit::Audit;
use crate::control::handle::TreeRef;
use crate::control::outcome::ChildControlOperation as Operation;
use crate::error::types::SupervisorError;
use crate::machine::Machine;
use crate::machine::answer::Refusal;
use crate::machine::input::Command;
use crate::runtime::supervisor::deadline_of_run;
use crate::runtime::sync::{Mutex, lock};
use crate::runtime::tree::{Asked, Reply};
use crate::spec::error::write_lines;
use crate::spec::outline::Outline;
use crate::spec::plan::Plan;
use crate::spec::supervisor::SupervisorSpec;

/// What a new file changes in a tree that runs.
///
/// Answered by [`TreeRef::plan_reload`], which changes nothing, and by [`TreeRef::reload`]. Displays
/// as a list, one line for each change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReloadPlan {
    /// The changes, supervisors before what is in them.
    pub changes: Vec<Change>,
    /// What operators have done, and what stays as they have left it.
    pub kept: Vec<Kept>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// The child or supervisor; the root is `/`.
    pub path: String,
    /// What becomes of it.
    pub kind: ChangeKind,
}

/// What becomes of a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChangeKind {
    /// It is new, and starts in its place.
    Added,
    /// It stands elsewhere among its siblings; it goes on running.
    Moved,
    /// It stops, and is forgotten.
    Removed,
    /// It stops and starts again, in order; that is not counted.
    Restarted {
        /// For what.
        cause: RestartCause,
    },
    /// It has other settings; it goes on running.
    Retuned {
        /// Which.
        settings: Vec<SettingChange>,
    },
}

/// Why a child has to be started again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RestartCause {
    /// It is after a sibling that is started again, and is so if it runs.
    After {
        /// That sibling.
        child: String,
    },
    /// Its arguments are different.
    Arguments,
    /// A worker becomes a supervisor, or a supervisor a pool, or the reverse.
    Kind,
    /// It is made of another template.
    Template {
        /// The former.
        from: String,
        /// The new one.
        to: String,
    },
}

/// A setting that is different, as it holds: defaults are resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SettingChange {
    /// Its key.
    pub setting: &'static str,
    /// What held.
    pub from: String,
    /// What holds.
    pub to: String,
}

/// What an operator has done, and a reload does not undo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Kept {
    /// The child.
    pub path: String,
    /// What it is.
    pub what: KeptAs,
}

/// What is kept of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeptAs {
    /// It was added at run time.
    Added,
    /// It is paused, and has its new code when it is resumed.
    Paused,
    /// It is quarantined, and has its new code when it is resumed.
    Quarantined,
}

/// Why a tree was not reloaded; nothing has changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The file is not sound.
    #[error("{0}")]
    Invalid(#[from] InvalidConfig),
    /// The tree was not started from a file.
    #[error(
        "the tree was not started from a file; start it from what `TreeFile::apply` answers, for \
         which an empty `TreeConfig` will do"
    )]
    NotConfigured,
    /// The tree comes down.
    #[error("the tree is shutting down, and takes no other file")]
    ShuttingDown,
    /// The tree refuses it.
    #[error("{0}")]
    Refused(#[from] SupervisorError),
}

/// What a tree is made of: what code declares, and the file on top of it.
#[derive(Debug)]
pub(crate) struct Configured {
    /// Without its code. Behind a lock only because code cannot be shared between threads, and
    /// this has places for it.
    base: Mutex<SupervisorSpec>,
    file: TreeFile,
    deadline: Deadline,
}

/// How long a tree has to stop.
#[derive(Clone, Copy, Debug)]
enum Deadline {
    /// As it says itself.
    OfTree,
    /// It is run, and may have been given one for that.
    OfRun(Option<Duration>),
}

/// What a tree that runs is made of.
#[derive(Debug)]
pub(crate) struct Running {
    configured: Configured,
    outline: Outline,
}

/// A reload that has been taken.
#[derive(Debug)]
pub(crate) struct Reloading {
    plan: ReloadPlan,
    /// None, where there was nothing to wait for.
    answered: Option<oneshot::Receiver<Reply>>,
}

impl Reloading {
    /// Waits until it has been carried out.
    pub(crate) async fn done(self, tree: &TreeRef) -> Result<ReloadPlan, ReloadError> {
        if let Some(answered) = self.answered {
            let answer = answered.await.map_err(|_| tree.gone())?;
            answer.map_err(refused)?;
        }
        Ok(self.plan)
    }
}

fn refused(refusal: Refusal) -> ReloadError {
    match refusal {
        Refusal::ShuttingDown => ReloadError::ShuttingDown,
        refusal => ReloadError::Refused(explain(refusal, "", "")),
    }
}

impl Configured {
    pub(crate) const fn new(base: SupervisorSpec, file: TreeFile) -> Self {
        Self {
            base: Mutex::new(base),
            file,
            deadline: Deadline::OfTree,
        }
    }

    /// The tree is run, and has a deadline for that.
    pub(crate) const fn run_within(&mut self, within: Option<Duration>) {
        self.deadline = Deadline::OfRun(within);
    }

    fn base(&self) -> SupervisorSpec {
        let base = lock(&self.base);
        base.outlined()
    }

    /// What has been planned of it.
    pub(crate) fn running(self, plan: &Plan) -> Running {
        Running {
            configured: self,
            outline: Outline::of(plan),
        }
    }
}

impl Running {
    /// What another file makes of the tree.
    fn with(&self, file: &TreeFile) -> Result<(Diff, Plan, Self), ReloadError> {
        let mut spec = file.apply(self.configured.base())?;
        let mut configured = Configured::new(self.configured.base(), file.clone());
        configured.deadline = self.configured.deadline;
        if let Deadline::OfRun(within) = configured.deadline {
            spec.shutdown_within = deadline_of_run(within, spec.shutdown_within);
        }
        spec.configured = None;
        let plan = Plan::try_from(spec).map_err(SupervisorError::from)?;
        let running = configured.running(&plan);
        let diff = Diff::between(&self.outline, &running.outline);
        if replaces_the_root(&self.outline, &running.outline) {
            let message = "whether the root is a pool cannot change while the tree runs; start the \
                           program anew";
            return Err(file.at_the_top("pool", message).into());
        }
        Ok((diff, plan, running))
    }
}

impl TreeRef {
    /// The file that the tree is as it says, if it was started from one.
    #[must_use]
    pub fn tree_file(&self) -> Option<TreeFile> {
        Some(self.tree.running()?.configured.file.clone())
    }

    /// What [`reload`](TreeRef::reload) would change now; nothing is.
    ///
    /// It holds for the moment: a reload plans anew, for the tree as it is then, and answers what it
    /// has changed.
    ///
    /// # Errors
    ///
    /// [`ReloadError::Invalid`] says all that is wrong with the file.
    pub fn plan_reload(&self, file: &TreeFile) -> Result<ReloadPlan, ReloadError> {
        self.alive()?;
        let running = self.tree.running().ok_or(ReloadError::NotConfigured)?;
        let (diff, _plan, new) = running.with(file)?;
        self.plan(&diff, &new.outline)
    }

    /// Makes the tree as a new file describes it, by the smallest set of changes.
    ///
    /// - A setting that is different takes effect where it stands: what runs goes on, and a limit
    ///   of its time counts from when its attempt was started.
    /// - A child whose arguments are different is started again as by
    ///   [`restart_child`](TreeRef::restart_child), and those that are after it, where they run:
    ///   they stop in reverse, start in order, and that is not counted.
    /// - A child that is new is added in its place, and starts in order; one that fails to start
    ///   is tried again by its policy. A child that is not there any more stops, in order, and is
    ///   forgotten.
    /// - What operators have done stays: who is paused or quarantined stays down, and has its new
    ///   code and settings when it is resumed; who was added at run time stays.
    ///
    /// A supervisor that stops children takes its turn after that; one that is starting them
    /// interrupts that, and goes on afterwards; one that is down has the new configuration when it is
    /// started again. Resolves when every change has been carried out: what had to stop has ended,
    /// or is stuck, and what had to start has started, or failed. In a supervisor whose own start is
    /// not through, or whose children start concurrently, that goes on by itself.
    ///
    /// That comes to an end, also in a tree that hangs in its start: stops are bounded by their
    /// budgets, starts of workers by `ready_within`, and a nested supervisor that is not up after 30
    /// seconds is not waited for any longer. A reload that follows does not wait for these starts:
    /// this one resolves at once, and its starts become part of the other.
    ///
    /// Stops and starts are made in small portions; another list of children is exchanged in one
    /// piece, for one supervisor at a time, in time that grows with its children.
    ///
    /// # Errors
    ///
    /// Whatever the error, nothing has changed. [`ReloadError::Invalid`] says all that is wrong with
    /// the file. A child that the reload would stop, for good or to start it again, would wait for
    /// itself: it is refused with [`SupervisorError::WouldWaitForItself`]. A tree that comes down
    /// answers [`ReloadError::ShuttingDown`], and one that has ended [`SupervisorError::TreeGone`].
    ///
    /// # Cancel safety
    ///
    /// Before it is first polled nothing has happened; after that the reload goes on when the future
    /// is dropped.
    pub async fn reload(
        &self,
        file: &TreeFile,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<ReloadPlan, ReloadError> {
        let audit = Audit::new(requested_by, reason)?;
        self.take(file, audit).await?.done(self).await
    }

    /// Takes a new file, and answers when all that follows from it has been carried out.
    pub(crate) async fn take(
        &self,
        file: &TreeFile,
        audit: Audit,
    ) -> Result<Reloading, ReloadError> {
        let turn = self.tree.reload_turn().await;
        self.alive()?;
        let running = self.tree.running().ok_or(ReloadError::NotConfigured)?;
        let (diff, plan, new) = running.with(file)?;
        if self.asker_is(|path| diff.stopping().holds(path))? {
            return Err(SupervisorError::WouldWaitForItself.into());
        }
        let answer = self.plan(&diff, &new.outline)?;
        let reload = diff.into_reload(&running.outline, &new.outline, plan);
        drop(running);
        let command = Command::Reload(Box::new(reload));
        let asked = self.tree.command(audit, command);
        let answered = match asked.map_err(SupervisorError::from)? {
            // A refusal is there at once.
            Asked::Answered(Err(refusal)) => return Err(refused(refusal)),
            Asked::Answered(Ok(_)) => None,
            Asked::Waits(answered) => Some(answered),
        };
        // What has been taken holds from here on, whoever waits for it.
        let former = self.tree.set_running(new);
        drop(turn);
        drop(former);
        Ok(Reloading {
            plan: answer,
            answered,
        })
    }

    fn plan(&self, diff: &Diff, new: &Outline) -> Result<ReloadPlan, ReloadError> {
        let snapshot = self.snapshot()?;
        let mut kept = Vec::new();
        let declared: HashSet<&str> = new.nodes.iter().map(|node| &*node.path).collect();
        let stopping = diff.stopping();
        for child in &snapshot.children {
            let declared = declared.contains(&*child.path);
            let stops = stopping.holds(&child.path);
            let what = match child.operation {
                Operation::Paused => KeptAs::Paused,
                Operation::Quarantined => KeptAs::Quarantined,
                _ if !declared && !stops => KeptAs::Added,
                _ => continue,
            };
            if !stops || declared {
                let path = child.path.to_string();
                kept.push(Kept { path, what });
            }
        }
        Ok(ReloadPlan {
            changes: diff.changes.clone(),
            kept,
        })
    }

    /// Whether the code that asks is a child of the tree of which this holds.
    fn asker_is(&self, holds: impl Fn(&str) -> bool) -> Result<bool, SupervisorError> {
        let Some(asking) = crate::runtime::current::child_of(self.tree.address()) else {
            return Ok(false);
        };
        let path = |machine: &Machine| machine.find(asking).map(|node| Arc::clone(&node.path));
        Ok(self.tree.read(path)?.is_some_and(|path| holds(&path)))
    }
}

impl ReloadPlan {
    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What becomes of the child at a path: several changes may be made to one.
    pub fn of<'p>(&'p self, path: &'p str) -> impl Iterator<Item = &'p ChangeKind> {
        let changes = self
            .changes
            .iter()
            .filter(move |change| change.path == path);
        changes.map(|change| &change.kind)
    }
}

impl fmt::Display for ReloadPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            f.write_str("nothing changes")?;
        }
        write_lines(f, &self.changes)?;
        for kept in &self.kept {
            write!(f, "\n= {} {}", kept.path, kept.what)?;
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match &self.kind {
            ChangeKind::Added => write!(f, "+ {path}"),
            ChangeKind::Moved => write!(f, "~ {path} moves"),
            ChangeKind::Removed => write!(f, "- {path}"),
            ChangeKind::Restarted { cause } => write!(f, "! {path} restarts: {cause}"),
            ChangeKind::Retuned { settings } => {
                write!(f, "~ {path}")?;
                for (place, setting) in settings.iter().enumerate() {
                    let separator = if place == 0 { " " } else { ", " };
                    let SettingChange { setting, from, to } = setting;
                    write!(f, "{separator}{setting}: {from} -> {to}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for RestartCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After { child } => write!(f, "it is after {child}"),
            Self::Arguments => f.write_str("its arguments are different"),
            Self::Kind => f.write_str("it becomes something else"),
            Self::Template { from, to } => write!(f, "its template is {to}, not {from}"),
        }
    }
}

impl fmt::Display for KeptAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "stays: it was added at run time",
            Self::Paused => "stays paused",
            Self::Quarantined => "stays quarantined",
        })
    }
}
