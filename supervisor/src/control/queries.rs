//! What one may ask of a tree, and its events.

use std::sync::Arc;

use super::answer::explain;
use super::audit::Audit;
use super::child::ChildHandle;
use super::command::ChildRef;
use super::handle::TreeRef;
use super::lookup;
use crate::error::types::SupervisorError;
use crate::event::account::Account;
use crate::event::explanation::Explanation;
use crate::event::snapshot::{ChildSnapshot, Snapshot};
use crate::event::stream::EventStream;
use crate::id::types::SupervisorPath;
use crate::machine::answer::Answer;
use crate::machine::input::Command;
use crate::machine::rehearsal::Rehearsal;
use crate::runtime::core::Core;
#[cfg(test)]
use crate::runtime::tree::Tree;

impl TreeRef {
    /// A handle of one child, which stays valid when it is restarted.
    ///
    /// # Errors
    ///
    /// [`SupervisorError::UnknownChild`] and [`SupervisorError::AmbiguousName`] offer other names.
    pub fn child(&self, child: impl Into<ChildRef>) -> Result<ChildHandle, SupervisorError> {
        let child = child.into();
        let id = lookup::child(&self.tree, &child)?;
        let now = self.tree.now();
        let mirror = |core: &mut Core| {
            let mirror = core.machine.mirror(id)?;
            Some((Arc::clone(&core.machine.find(id)?.path), mirror))
        };
        let found = self.tree.with(now, mirror)?;
        let (path, mirror) = found.ok_or_else(|| lookup::unknown(&child.name))?;
        Ok(ChildHandle::new(self.clone(), path, mirror))
    }

    /// Waits until a child is down: stopped, finished, removed, or not started yet.
    ///
    /// As [`ChildHandle::stopped`].
    pub async fn stopped(&self, child: impl Into<ChildRef>) -> Result<(), SupervisorError> {
        self.child(child)?.stopped().await
    }

    /// The tree as it is now.
    pub fn snapshot(&self) -> Result<Snapshot, SupervisorError> {
        Ok(crate::runtime::snapshot::take(&self.tree)?)
    }

    /// The children of a supervisor, in order.
    ///
    /// As of now; where [`while_starting`](crate::SupervisorSpec::while_starting) is `Wait`, when
    /// it is the question's turn.
    pub async fn children(
        &self,
        supervisor: impl Into<SupervisorPath>,
    ) -> Result<Vec<ChildSnapshot>, SupervisorError> {
        let supervisor = supervisor.into().segments.join("/");
        self.alive()?;
        let id = lookup::supervisor(&self.tree, &supervisor)?;
        let audit = Audit::of_program("asks for the children");
        match self.command(audit, Command::Children(id)).await? {
            Ok(Answer::Children(children)) => Ok(children),
            Ok(_) => Err(self.gone()),
            Err(refusal) => Err(explain(refusal, &supervisor, &supervisor)),
        }
    }

    /// One child as it is now.
    pub fn snapshot_of(
        &self,
        child: impl Into<ChildRef>,
    ) -> Result<ChildSnapshot, SupervisorError> {
        self.look_at(&child.into(), Core::child_snapshot)
    }

    /// What would follow if a child failed now.
    ///
    /// The rules of the tree itself answer, on a copy of its state: see [`Explanation`].
    ///
    /// Takes time and memory in proportion to the tree. That goes on while it is copied, unless
    /// something happens to it all the time: then, if it has more than a thousand children, it is
    /// held up until all of them have been copied.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use rust_supervisor::spec::policy::Strategy;
    /// use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
    ///
    /// let beat = |id| ChildSpec::from_fn(id, |ctx: TaskContext| async move { ctx.cancelled().await });
    /// let spec = SupervisorSpec::root(vec![beat("a"), beat("b"), beat("c")]);
    /// let handle = Supervisor::start(spec.strategy(Strategy::RestForOne)).await?;
    /// let explanation = handle.explain("b")?;
    /// assert_eq!(explanation.stops().collect::<Vec<_>>(), ["c"]);
    /// assert_eq!(explanation.starts().collect::<Vec<_>>(), ["b", "c"]);
    /// # Ok(()) }
    /// ```
    pub fn explain(&self, child: impl Into<ChildRef>) -> Result<Explanation, SupervisorError> {
        let child = child.into();
        let id = lookup::child(&self.tree, &child)?;
        let copy = crate::runtime::rehearse::copy(&self.tree)?;
        let explained = Rehearsal::new(copy, id).explain();
        explained.ok_or_else(|| lookup::unknown(&child.name))
    }

    /// What has become of a child: how its last attempts ended, and what was decided on that.
    pub fn why(&self, child: impl Into<ChildRef>) -> Result<Account, SupervisorError> {
        let child = child.into();
        let id = lookup::child(&self.tree, &child)?;
        let account = self.tree.read(|machine| machine.account(id))?;
        account.ok_or_else(|| lookup::unknown(&child.name))
    }

    /// The events of the tree from now on.
    #[must_use]
    pub fn events(&self) -> EventStream {
        let newest = self.tree.read(|machine| machine.journal().seq());
        EventStream::new(Arc::clone(&self.tree), newest.unwrap_or(0))
    }

    /// The events of the tree behind a number.
    ///
    /// 0 reads from the beginning. The journal holds the last 16 384 events; how many have gone
    /// before they were read is the first thing that the stream says.
    #[must_use]
    pub fn events_after(&self, seq: u64) -> EventStream {
        EventStream::new(Arc::clone(&self.tree), seq)
    }

    #[cfg(test)]
    pub(crate) const fn inner(&self) -> &Arc<Tree> {
        &self.tree
    }
}
