//! Starting a tree.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::core::{Core, Listen, Stage};
use super::guards;
use super::lifecycle;
use super::outcome::RunOutcome;
use super::timekeeper;
use super::tree::Tree;
use super::wait::until;
use crate::control::audit::Audit;
use crate::control::handle::SupervisorHandle;
use crate::error::types::StartError;
use crate::machine::TreePhase;
use crate::machine::input::Input;
#[cfg(feature = "recorder")]
use crate::machine::recorder::Recorder;
use crate::machine::walk::End;
use crate::spec::plan::Plan;
use crate::spec::supervisor::SupervisorSpec;

/// How long a tree that is run may take to stop: below the 30 seconds that orchestrators wait.
const SHUTDOWN_WITHIN: Duration = Duration::from_secs(25);

/// Starts and runs supervision trees.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Supervisor {}

/// How a tree is run: what makes it stop, besides its own end.
///
/// Made by [`Supervisor::builder`].
#[must_use]
pub struct SupervisorBuilder {
    spec: SupervisorSpec,
    within: Option<Duration>,
    stop: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    #[cfg(feature = "signal")]
    signals: bool,
    #[cfg(all(
        unix,
        feature = "signal",
        any(feature = "config-toml", feature = "config-yaml")
    ))]
    reload: Option<std::path::PathBuf>,
}

impl Supervisor {
    /// Starts a tree on the present tokio runtime.
    ///
    /// Resolves when every child has started (and is ready, where that is asked for). When one
    /// cannot be started, what has been started is stopped in reverse, and the error says which
    /// child failed and why.
    ///
    /// No signal handler and no panic hook is installed: see [`Supervisor::run`].
    ///
    /// # Errors
    ///
    /// [`StartError::Invalid`] lists every mistake of the specification; nothing has run then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops what has been started, in reverse.
    pub async fn start(spec: SupervisorSpec) -> Result<SupervisorHandle, StartError> {
        let tree = begin(spec)?;
        // Dropped with the future, it stops the tree.
        let handle = SupervisorHandle::new(Arc::clone(&tree));
        started(&tree).await?;
        Ok(handle)
    }

    /// The `main` of a service: starts the tree, stops it on SIGINT or SIGTERM, and waits for its
    /// end.
    ///
    /// The first signal stops gracefully, the second one ends the process at once. A failure is
    /// written to standard error as a tree of causes when the outcome is returned from `main`. The
    /// whole tree has 25 seconds to stop, where it does not say otherwise.
    #[cfg(feature = "signal")]
    pub async fn run(spec: SupervisorSpec) -> RunOutcome {
        Self::builder(spec).handle_signals().run().await
    }

    /// Says how a tree is to be run.
    pub fn builder(spec: SupervisorSpec) -> SupervisorBuilder {
        SupervisorBuilder {
            spec,
            within: None,
            stop: None,
            #[cfg(feature = "signal")]
            signals: false,
            #[cfg(all(
                unix,
                feature = "signal",
                any(feature = "config-toml", feature = "config-yaml")
            ))]
            reload: None,
        }
    }
}

impl SupervisorBuilder {
    /// Stops the tree on SIGINT or SIGTERM (Ctrl-C on other systems); a second one ends the
    /// process at once, with exit code 130 or 143.
    #[cfg(feature = "signal")]
    pub fn handle_signals(mut self) -> Self {
        self.signals = true;
        self
    }

    /// How long the whole tree may take to stop. Default: what the tree says itself, or 25 seconds.
    ///
    /// Orchestrators kill what has not ended 30 seconds after they asked. A budget that was set for
    /// a child and is longer than this is refused when the tree is started. `Duration::MAX` sets no
    /// deadline.
    pub const fn shutdown_within(mut self, deadline: Duration) -> Self {
        self.within = Some(deadline);
        self
    }

    /// Reloads the tree from the file on every SIGHUP, as [`TreeRef::reload`] does.
    ///
    /// The tree must have been started from what [`TreeFile::apply`] answers. Without this, SIGHUP
    /// ends the process, as it does without us. What has changed, and what is wrong with a file
    /// that cannot be taken, is an event of `tracing`, of the target `rust_supervisor::lifecycle`; a
    /// bad file changes nothing. A file is taken while what follows from the one before goes on, and
    /// also in the start of the tree; one that comes during its shutdown is refused.
    ///
    /// [`TreeFile::apply`]: crate::config::file::TreeFile::apply
    /// [`TreeRef::reload`]: crate::TreeRef::reload
    #[cfg(all(
        unix,
        feature = "signal",
        any(feature = "config-toml", feature = "config-yaml")
    ))]
    pub fn reload_on_hangup(mut self, file: impl Into<std::path::PathBuf>) -> Self {
        self.reload = Some(file.into());
        self
    }

    /// Stops the tree when the future is done. Of several, the last one counts.
    pub fn shutdown_when(mut self, done: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(done));
        self
    }

    /// Starts the tree and waits for its end; installs the panic hook.
    ///
    /// What makes it stop also ends a start that is under way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the tree.
    pub async fn run(mut self) -> RunOutcome {
        crate::panics::install();
        self.spec.shutdown_within = deadline_of_run(self.within, self.spec.shutdown_within);
        #[cfg(feature = "config")]
        if let Some(configured) = &mut self.spec.configured {
            configured.run_within(self.within);
        }
        #[cfg(feature = "signal")]
        let signal = super::signals::listen(self.signals);
        #[cfg(not(feature = "signal"))]
        let signal = std::future::pending::<()>();
        #[cfg(all(
            unix,
            feature = "signal",
            any(feature = "config-toml", feature = "config-yaml")
        ))]
        let hangups = self.reload.map(super::hangup::Hangups::of);
        let tree = match begin(self.spec) {
            Ok(tree) => tree,
            Err(error) => return RunOutcome::not_started(error),
        };
        let handle = SupervisorHandle::new(Arc::clone(&tree));
        let asked = handle.downgrade();
        let stop = async {
            match self.stop {
                Some(stop) => stop.await,
                None => std::future::pending().await,
            }
        };
        let ended = async {
            match started(&tree).await {
                Ok(()) | Err(StartError::Interrupted) => {
                    let report = handle.ended().await;
                    RunOutcome::ended(report, handle.join().await)
                }
                Err(error) => RunOutcome::not_started(error),
            }
        };
        let mut ended = std::pin::pin!(ended);
        #[cfg(all(
            unix,
            feature = "signal",
            any(feature = "config-toml", feature = "config-yaml")
        ))]
        let reloads = super::hangup::Hangups::reload(hangups, asked.clone());
        #[cfg(not(all(
            unix,
            feature = "signal",
            any(feature = "config-toml", feature = "config-yaml")
        )))]
        let reloads = std::future::pending::<()>();
        let mut reloads = std::pin::pin!(reloads);
        tokio::select! {
            biased;
            outcome = &mut ended => return outcome,
            () = stop => {}
            () = signal => {}
            () = &mut reloads => {}
        }
        asked.ask_to_end(Audit::of_program("told to stop from outside"), None);
        tokio::select! {
            biased;
            outcome = ended => outcome,
            // It says that it comes too late.
            () = reloads => unreachable!("it never ends"),
        }
    }
}

impl std::fmt::Debug for SupervisorBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SupervisorBuilder")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

/// How long a tree that is run has to stop: what the run says, or the tree, or what fits.
pub(crate) fn deadline_of_run(run: Option<Duration>, tree: Option<Duration>) -> Option<Duration> {
    let within = run.or(tree).unwrap_or(SHUTDOWN_WITHIN);
    (within != Duration::MAX).then_some(within)
}

/// Makes a tree and begins to start it.
fn begin(spec: SupervisorSpec) -> Result<Arc<Tree>, StartError> {
    let templates = spec.all_templates();
    #[cfg(feature = "config")]
    let (mut spec, mut configured) = (spec, None);
    #[cfg(feature = "config")]
    if let Some(made_of) = spec.configured.take() {
        configured = Some(*made_of);
    }
    #[cfg(feature = "recorder")]
    let record = spec.record;
    let plan = Plan::try_from(spec)?;
    #[cfg(feature = "recorder")]
    let recorder = record.map(|limit| Recorder::new(&plan, limit));
    #[cfg(feature = "config")]
    let running = configured.map(|configured| configured.running(&plan));
    let runtime = guards::present_runtime()?;
    let tree = Tree::new(plan, runtime.clone());
    tree.register(templates);
    #[cfg(feature = "config")]
    drop(running.and_then(|running| tree.set_running(running)));
    let now = tree.now();
    #[cfg(feature = "recorder")]
    if let Some(recorder) = recorder {
        // A machine that has just been made has not broken.
        let _ = tree.with(now, |core| core.machine.record(recorder));
    }
    let begun = tree.with(now, |core| core.machine.handle(now, Input::Start));
    begun.map_err(|broken| StartError::Broken {
        message: broken.0.to_string(),
    })?;
    drop(runtime.spawn(timekeeper::keep(Arc::clone(&tree))));
    #[cfg(feature = "metrics")]
    drop(runtime.spawn(crate::metrics::keep(Arc::clone(&tree))));
    Ok(tree)
}

/// Waits until the start has succeeded, or everything that it had started is gone.
async fn started(tree: &Arc<Tree>) -> Result<(), StartError> {
    let settled = |core: &mut Core| match core.stage() {
        // Also one that has come down since: whoever joins it is told.
        _ if core.machine.has_been_up() => Some(Ok(())),
        Stage::Up => Some(Ok(())),
        Stage::Over => Some(Err(match core.machine.tree_phase() {
            TreePhase::Ended(End::GaveUp(failure) | End::StartFailed(failure)) => {
                let not_ready = core.machine.missing_at_failure();
                StartError::Failed {
                    failure: Arc::clone(failure),
                    not_ready: not_ready.iter().map(ToString::to_string).collect(),
                }
            }
            _ => StartError::Interrupted,
        })),
        Stage::Starting | Stage::Closing => None,
    };
    let settled = until(tree, Listen::Stage, settled).await;
    if settled.is_err() {
        // Why is in the last lines of the log.
        lifecycle::told(tree).await;
    }
    match tree.broken_text() {
        Some(text) => Err(StartError::Broken {
            message: text.to_string(),
        }),
        None => settled,
    }
}
