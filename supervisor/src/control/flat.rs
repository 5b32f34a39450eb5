//! The flat commands: audited, by name, answered with all that they found and did.

use std::sync::Arc;

use super::answer::{explain, is_restart, refused};
use super::audit::Audit;
use super::child::ChildHandle;
use super::command::{ChildRef, CommandResult};
use super::handle::TreeRef;
use super::lookup;
use crate::error::types::SupervisorError;
use crate::id::types::{Generation, SupervisorPath};
use crate::machine::answer::Answer;
use crate::machine::input::{Command, Verb};
use crate::machine::intents::Intended;
use crate::machine::mirror::Place;
use crate::runtime::tree::Asked;
use crate::shutdown::report::ShutdownResult;
use crate::spec::child::ChildSpec;
use crate::spec::plan::Planned;

impl TreeRef {
    /// Adds a child by manifest: YAML that names a template, its `args`, and settings.
    ///
    /// ```yaml
    /// name: eu
    /// template: session
    /// args: { region: eu }
    /// shutdown: 10s
    /// ```
    ///
    /// The template is one of those that are
    /// [registered](crate::SupervisorSpec::templates) with the tree; the child is added and
    /// started as by [`start_child`](TreeRef::start_child), and with `children` in place of a
    /// template it is a supervisor. A manifest that names neither declares a child without code: it
    /// never runs, is shown as `declared`, and can be paused, quarantined and removed.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::InvalidManifest`] says all that is wrong with a manifest, and where; one
    /// of more than 64 KiB is not read. Otherwise those of [`start_child`](TreeRef::start_child).
    ///
    /// # Cancel safety
    ///
    /// The start goes on when the future is dropped.
    #[cfg(feature = "manifest")]
    pub async fn add_child(
        &self,
        supervisor: SupervisorPath,
        manifest: impl Into<String>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let audit = Audit::new(requested_by, reason)?;
        let text = manifest.into();
        let (child_manifest, child) = super::manifest::read(&text, self.tree.templates())?;
        self.start(supervisor, child, audit).await?;
        Ok(CommandResult::ChildAdded { child_manifest })
    }

    /// Adds a child to a supervisor, or an instance to a pool, and starts it.
    ///
    /// OTP's `start_child`. In an ordinary supervisor its place is the end of the order. Resolves
    /// when the start is complete: as long as a sibling that it is `after` is down, it is not. A
    /// child that declines to run is a success:
    /// [`try_outcome`](ChildHandle::try_outcome) says so. One that fails to start is removed again.
    ///
    /// # Cancel safety
    ///
    /// The start goes on when the future is dropped.
    #[track_caller]
    pub fn start_child(
        &self,
        supervisor: impl Into<SupervisorPath>,
        child: ChildSpec,
    ) -> impl Future<Output = Result<ChildHandle, SupervisorError>> + Send {
        self.start(supervisor.into(), child, self.audit_here())
    }

    async fn start(
        &self,
        supervisor: SupervisorPath,
        child: ChildSpec,
        audit: Audit,
    ) -> Result<ChildHandle, SupervisorError> {
        let supervisor = supervisor.segments.join("/");
        self.alive()?;
        let planned = Planned::new(child, &supervisor)?;
        let path = Arc::clone(&planned.nodes[0].path);
        let id = lookup::supervisor(&self.tree, &supervisor)?;
        let place = Place::default();
        let add = Command::Add(id, Box::new(planned), Some(Arc::clone(&place)));
        match (self.command(audit, add).await?, place.get()) {
            (Ok(_), Some(mirror)) => Ok(ChildHandle::new(self.clone(), path, Arc::clone(mirror))),
            (Ok(_), None) => Err(self.gone()),
            (Err(refusal), _) => Err(explain(refusal, &path, &supervisor)),
        }
    }

    /// Stops a child. It stays in the list, and a restart of its group starts it again.
    ///
    /// Resolves when the stop has been asked for, not when it is over.
    pub async fn stop_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Stop, child, requested_by, reason).await
    }

    /// Starts a child that is down: stopped, finished, paused or quarantined.
    ///
    /// A child that was paused or quarantined, and is not down yet, is started again when it is.
    /// Resolves when the start has been asked for, not when it is complete; where `while_starting`
    /// is `Wait`, when it is complete: as long as a sibling that it is `after` is down, it is not.
    pub async fn resume_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Resume, child, requested_by, reason)
            .await
    }

    /// Stops a child, if it runs, and starts it again once its end has been observed.
    ///
    /// Asked again while that is under way, it is merged. It is not counted as a restart, and a
    /// back-off that the child waits for ends. Resolves when the stop has been asked for. Where the
    /// child may not be started, the fence of the outcome says so: the tree comes down, or there is
    /// no code.
    pub async fn restart_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Restart, child, requested_by, reason)
            .await
    }

    /// Restarts a child if this generation is its present or last one.
    ///
    /// For who has looked at a child and decided: an attempt that has taken its place since is left
    /// alone, and the fence of the outcome is `rejected`.
    pub async fn restart_child_if(
        &self,
        child: impl Into<ChildRef>,
        generation: Generation,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let verb = Verb::RestartIf(generation.value);
        self.audited(verb, child, requested_by, reason).await
    }

    /// Stops a child and keeps it down.
    ///
    /// It stays down through restarts of its group and of its supervisor, until it is resumed.
    /// The intent for a path that is not known is recorded, and applied when the child is added; at
    /// most 256 are. To resume or remove what is not known takes it back. Resolves when the stop
    /// has been asked for, not when it is over.
    pub async fn pause_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.intended(Intended::Pause, child, requested_by, reason)
            .await
    }

    /// Pauses a child for a reason that is not the operator's convenience.
    ///
    /// It does what [`pause_child`](TreeRef::pause_child) does, and is shown as quarantined.
    pub async fn quarantine_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.intended(Intended::Quarantine, child, requested_by, reason)
            .await
    }

    /// Stops a child and forgets it.
    ///
    /// A static child comes back when its supervisor is started again; one that was added does not.
    /// Resolves when the stop has been asked for, not when it is over.
    pub async fn remove_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Remove, child, requested_by, reason)
            .await
    }

    /// Forgets a child that is down (OTP's `delete_child`).
    ///
    /// # Errors
    ///
    /// [`SupervisorError::NotDown`] where it is not; it is left alone then.
    pub async fn delete_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Delete, child, requested_by, reason)
            .await
    }

    /// Drops a child at its next await, without asking it to stop.
    ///
    /// What follows is decided as for any abnormal end. A blocking child is asked to stop; it
    /// cannot be dropped.
    pub async fn kill_child(
        &self,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        self.audited(Verb::Kill, child, requested_by, reason).await
    }

    /// Stops the tree, waits for its end, and answers the report.
    ///
    /// A second call gets the report of the first, also when it comes after the end.
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
    pub async fn shutdown_tree(
        &self,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let audit = Audit::new(requested_by, reason)?;
        let idempotent = match self.tree.command(audit, Command::Shutdown(None)) {
            Ok(Asked::Answered(reply)) => !matches!(reply, Ok(Answer::Shutdown { first: true })),
            // It is answered at once, but by a tree that has broken.
            Ok(Asked::Waits(_)) | Err(_) => true,
        };
        let report = self.ended().await?;
        Ok(CommandResult::Shutdown {
            result: ShutdownResult {
                phase: report.phase,
                report: Some(report),
                idempotent,
            },
        })
    }

    async fn audited(
        &self,
        verb: Verb,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let audit = Audit::new(requested_by, reason)?;
        let child = child.into();
        let outcome = match self.apply(audit, verb, &child).await {
            Ok(outcome) => outcome,
            Err(
                error @ (SupervisorError::NoCode { .. }
                | SupervisorError::OtherGeneration { .. }
                | SupervisorError::ShuttingDown { .. }),
            ) if is_restart(verb) => {
                let (now, standing) = self.standing_of(&child)?;
                refused(&now.path, &now, &standing, &error)
            }
            Err(error) => return Err(error),
        };
        Ok(CommandResult::ChildControl { outcome })
    }

    async fn intended(
        &self,
        intended: Intended,
        child: impl Into<ChildRef>,
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<CommandResult, SupervisorError> {
        let audit = Audit::new(requested_by, reason)?;
        let outcome = self.intend(audit, intended, &child.into()).await?;
        Ok(CommandResult::ChildControl { outcome })
    }
}
