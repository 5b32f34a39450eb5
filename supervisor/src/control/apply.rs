//! A verb for one child, from its name to its outcome: what both forms of commands share.

use std::sync::Arc;

use super::answer::{explain, outcome, recorded, resumed};
use super::audit::Audit;
use super::command::ChildRef;
use super::handle::TreeRef;
use super::lookup;
use super::outcome::ChildControlResult;
use crate::error::types::SupervisorError;
use crate::event::snapshot::ChildSnapshot;
use crate::machine::answer::{Answer, Refusal, Standing};
use crate::machine::input::{Command, Verb};
use crate::machine::intents::Intended;
use crate::machine::node::{Down, Ix, NodeId, Phase};
use crate::runtime::core::Core;
use crate::runtime::current;
use crate::runtime::tree::{Asked, Reply};

impl TreeRef {
    /// Applies a verb to the child of this path or name.
    pub(super) async fn apply(
        &self,
        audit: Audit,
        verb: Verb,
        child: &ChildRef,
    ) -> Result<ChildControlResult, SupervisorError> {
        self.alive()?;
        let name = child.name.as_str();
        let (path, command, unknown) = match lookup::child_and_path(&self.tree, child) {
            Ok((id, path)) => (path, Command::Child(verb, id), None),
            Err(error @ SupervisorError::UnknownChild { .. }) => {
                let Some(place) = self.tree.read(|machine| lookup::place(machine, name))? else {
                    return Err(error);
                };
                // It may be there when it is the command's turn.
                let command = Command::Named(verb, place, name.into());
                (name.into(), command, Some(error))
            }
            Err(error) => return Err(error),
        };
        self.outcome_of(audit, verb, &path, command, unknown).await
    }

    /// Applies it to the child of this path or name; where there is none, remembers it.
    pub(super) async fn intend(
        &self,
        audit: Audit,
        intended: Intended,
        child: &ChildRef,
    ) -> Result<ChildControlResult, SupervisorError> {
        self.alive()?;
        let name = child.name.as_str();
        let (path, unknown) = match lookup::child_and_path(&self.tree, child) {
            Ok((_, path)) => (path, None),
            // No child will ever have it.
            Err(error @ SupervisorError::UnknownChild { .. }) if !lookup::is_path(name) => {
                return Err(error);
            }
            Err(error @ SupervisorError::UnknownChild { .. }) => (name.into(), Some(error)),
            Err(error) => return Err(error),
        };
        let place = self
            .tree
            .read(|machine| lookup::nearest_place(machine, &path))?;
        let command = Command::Intended(intended, place, Arc::clone(&path));
        let verb = intended.verb();
        self.outcome_of(audit, verb, &path, command, unknown).await
    }

    async fn outcome_of(
        &self,
        audit: Audit,
        verb: Verb,
        path: &str,
        command: Command,
        unknown: Option<SupervisorError>,
    ) -> Result<ChildControlResult, SupervisorError> {
        match (self.command(audit, command).await?, unknown) {
            (Ok(Answer::Child(answer)), _) => Ok(outcome(path, verb, &answer)),
            (Ok(Answer::Intent { before, after }), unknown) => {
                let did_you_mean = match unknown {
                    Some(SupervisorError::UnknownChild { did_you_mean, .. }) => did_you_mean,
                    _ => Vec::new(),
                };
                Ok(recorded(path, before, after, did_you_mean))
            }
            (Ok(Answer::Start(_, settled)), _) => Ok(resumed(path, &settled)),
            (Ok(Answer::Children(_) | Answer::Reloaded | Answer::Shutdown { .. }), _) => {
                unreachable!("a verb is answered what it has done to a child")
            }
            (Err(Refusal::Unknown), Some(error)) => Err(error),
            (Err(refusal), _) => Err(explain(refusal, path, "")),
        }
    }

    /// A child as it is now, with what only commands tell.
    pub(super) fn standing_of(
        &self,
        child: &ChildRef,
    ) -> Result<(ChildSnapshot, Standing), SupervisorError> {
        self.look_at(child, |core, ix| {
            (core.child_snapshot(ix), core.machine.standing(ix))
        })
    }

    /// Looks at a child. A whole path is found, and looked at, in one hold.
    pub(super) fn look_at<R>(
        &self,
        child: &ChildRef,
        look: impl Fn(&Core, Ix) -> R,
    ) -> Result<R, SupervisorError> {
        let now = self.tree.now();
        let look = |core: &Core, id: NodeId| {
            let phase = core.machine.find(id)?.phase;
            (phase != Phase::Down(Down::Removed)).then(|| look(core, id.ix))
        };
        // What is seen may be large: it is not carried out of the hold, but left here.
        let mut seen = None;
        if !child.name.is_empty() {
            let at_path = |core: &mut Core| {
                let id = core.machine.lookup(&child.name);
                seen = id.and_then(|id| look(core, id));
            };
            self.tree.with(now, at_path)?;
        }
        if seen.is_none() {
            let id = lookup::child(&self.tree, child)?;
            self.tree.with(now, |core| seen = look(core, id))?;
        }
        seen.ok_or_else(|| lookup::unknown(&child.name))
    }

    pub(super) async fn command(
        &self,
        audit: Audit,
        command: Command,
    ) -> Result<Reply, SupervisorError> {
        if let Some(asking) = current::child_of(self.tree.address()) {
            if self
                .tree
                .read(|machine| machine.waits_for(asking, &command))?
            {
                return Err(SupervisorError::WouldWaitForItself);
            }
        }
        match self.tree.command(audit, command)? {
            Asked::Answered(reply) => {
                // Who asks one thing after the other leaves their thread to others now and then.
                tokio::task::consume_budget().await;
                Ok(reply)
            }
            Asked::Waits(reply) => reply.await.map_err(|_| self.gone()),
        }
    }
}
