//! What a user says of a child: its name, its policy, and its code.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::backoff::Backoff;
use super::policy::{Intensity, OnStuck, Readiness, RestartPolicy, Shutdown};
use super::supervisor::SupervisorSpec;
use crate::id::types::ChildId;
use crate::task::context::TaskContext;
use crate::task::factory::{IntoTaskResult, TaskFactory};
use crate::task::launch::{self, Launch};
use crate::template::Value;

/// A child of a supervisor: its name, its policy, and the code of its attempts.
///
/// Written by `#[supervised]` as `feed::spec(..)`, or made by hand with [`ChildSpec::worker`],
/// [`ChildSpec::supervisor`]. The methods set one policy each; a later call wins.
///
/// A `ChildSpec` is not `Clone`: it may hold values that are lent to one attempt at a time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::spec::policy::RestartPolicy;
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::TaskResult;
///
/// let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move {
///     ctx.cancelled().await;
///     TaskResult::Cancelled
/// })
/// .restart(RestartPolicy::Permanent)
/// .shutdown(Duration::from_secs(1));
/// assert_eq!(beat.id().to_string(), "beat");
/// ```
#[must_use]
pub struct ChildSpec {
    pub(crate) id: ChildId,
    pub(crate) settings: Settings,
    pub(crate) after: Vec<ChildId>,
    pub(crate) hears_stop: bool,
    /// Where it is made of a template.
    pub(crate) origin: Option<Box<Origin>>,
    pub(crate) body: Body,
}

/// The template that a child is made of, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) template: Arc<str>,
    /// None where code has handed over the values.
    pub(crate) arguments: Option<BTreeMap<String, Value>>,
}

/// What has been set; `None` where the default depends on something else.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) restart: Option<RestartPolicy>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) backoff_reset: Option<Duration>,
    pub(crate) fuse: Option<Intensity>,
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) readiness: Readiness,
    pub(crate) ready_within: Option<Duration>,
    pub(crate) significant: bool,
    pub(crate) critical: bool,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) stall_after: Option<Duration>,
    pub(crate) on_stuck: OnStuck,
    pub(crate) tags: Arc<[Arc<str>]>,
    /// It is the `init` of its supervisor.
    pub(crate) decides: bool,
}

pub(crate) enum Body {
    #[cfg_attr(
        not(any(feature = "config", feature = "manifest")),
        allow(dead_code, reason = "only a manifest declares without code")
    )]
    Declared,
    Supervisor(Box<SupervisorSpec>),
    Worker(Launch),
}

/// Kind of a child, in the words of the flat API and of manifests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// An asynchronous function.
    #[default]
    AsyncWorker,
    /// A function on the blocking pool.
    BlockingWorker,
    /// A nested supervisor.
    Supervisor,
}

/// Whether a function can be told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
#[allow(unnameable_types, reason = "reached by generated code only")]
pub enum HearsStop {
    No,
    Yes,
}

impl ChildSpec {
    /// A worker from a factory, in the flat form.
    ///
    /// `name` is a label for humans, and `kind` says what the factory holds; neither changes what
    /// is run, and commands find the child by `id`. Prefer [`ChildSpec::from_fn`] or
    /// `#[supervised]`.
    pub fn worker(
        id: ChildId,
        name: impl Into<String>,
        kind: TaskKind,
        factory: Arc<dyn TaskFactory>,
    ) -> Self {
        let _label: String = name.into();
        let _ = kind;
        Self::with_body(id, HearsStop::Yes, Body::Worker(launch::factory(factory)))
    }

    /// A worker whose attempts are made by a closure.
    ///
    /// It is called once for each attempt, never while another attempt lives, and may change what
    /// it has captured. A panic in it is an end of that attempt like any other.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::ChildSpec;
    ///
    /// let mut tries = 0;
    /// let child = ChildSpec::from_fn("connect", move |_ctx| {
    ///     tries += 1;
    ///     let number = tries;
    ///     async move {
    ///         if number < 3 { Err(format!("no answer to try {number}")) } else { Ok(()) }
    ///     }
    /// });
    /// # drop(child);
    /// ```
    pub fn from_fn<F, Fut>(id: impl Into<ChildId>, attempt: F) -> Self
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output: IntoTaskResult> + Send + 'static,
    {
        Self::with_body(
            id.into(),
            HearsStop::Yes,
            Body::Worker(launch::attempts(attempt)),
        )
    }

    /// A worker whose attempts are calls of a synchronous function, on the blocking pool of tokio.
    ///
    /// It cannot be dropped, and stops when it looks at its context
    /// ([`is_cancelled`](TaskContext::is_cancelled)) and returns; nobody counts it as ended before. One
    /// that takes longer than its budget, and a second, is stuck. One that still waits for a thread
    /// of the pool when it is stopped never runs. Where the pool has no thread to give, that is a
    /// failure of the attempt ([`ServeError`](crate::error::types::ServeError)).
    ///
    /// Dropping a tokio runtime waits for functions that have begun, whoever supervises them;
    /// `Runtime::shutdown_background` does not.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::{ChildSpec, TaskContext};
    ///
    /// let mut total = 0_u64;
    /// let sums = ChildSpec::blocking("sums", move |ctx: TaskContext| {
    ///     while !ctx.is_cancelled() {
    ///         total += 1;
    ///         # break;
    ///     }
    /// });
    /// # drop(sums);
    /// ```
    pub fn blocking<F, T>(id: impl Into<ChildId>, attempt: F) -> Self
    where
        F: FnMut(TaskContext) -> T + Send + 'static,
        T: IntoTaskResult + 'static,
    {
        let run = |ctx: TaskContext, attempt: &mut F| attempt(ctx);
        let code = launch::blocking(attempt, run);
        Self::with_body(id.into(), HearsStop::Yes, Body::Worker(code))
    }

    /// A worker whose futures are not `Send`, on a thread of its own.
    ///
    /// As [`ChildSpec::from_fn`], with the same contract: restarts, stops and their budgets, panics,
    /// readiness. The thread has a current-thread runtime with time and IO, and a
    /// [`LocalSet`](tokio::task::LocalSet). It is made at the first start, is named after the child,
    /// serves all its attempts, and ends when none will be wanted any more. Where there is no thread
    /// to be had, that is a failure of the attempt ([`ServeError`](crate::error::types::ServeError)).
    ///
    /// Sub-tasks that are not `Send` either are spawned with
    /// [`TaskContext::spawn_local`]. A child that blocks its thread holds up nobody else; one that
    /// does so beyond its budget is stuck like any other. Its clock is the real one, also where that
    /// of the tree's runtime is paused.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    /// use rust_supervisor::{ChildSpec, TaskContext};
    ///
    /// let counter = ChildSpec::local("counter", |ctx: TaskContext| async move {
    ///     let count = Rc::new(Cell::new(0));
    ///     let counts = Rc::clone(&count);
    ///     ctx.spawn_local(async move { counts.set(counts.get() + 1) });
    ///     ctx.cancelled().await;
    ///     println!("{}", count.get());
    /// });
    /// # drop(counter);
    /// ```
    pub fn local<F, Fut>(id: impl Into<ChildId>, attempt: F) -> Self
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output: IntoTaskResult> + 'static,
    {
        Self::with_body(
            id.into(),
            HearsStop::Yes,
            Body::Worker(launch::local_attempts(attempt)),
        )
    }

    /// A nested supervisor.
    ///
    /// Its `restart` is [`Permanent`](RestartPolicy::Permanent) by default.
    pub fn supervisor(id: impl Into<ChildId>, spec: SupervisorSpec) -> Self {
        Self::with_body(id.into(), HearsStop::Yes, Body::Supervisor(Box::new(spec)))
    }

    /// A name whose code is not known; it never runs, and is shown.
    #[cfg(any(feature = "config", feature = "manifest"))]
    pub(crate) fn declared(id: ChildId) -> Self {
        Self::with_body(id, HearsStop::Yes, Body::Declared).critical(false)
    }

    /// A worker, by code that is ready to be launched.
    pub(crate) fn of_code(id: ChildId, hears_stop: HearsStop, code: Launch) -> Self {
        Self::with_body(id, hears_stop, Body::Worker(code))
    }

    fn with_body(id: ChildId, hears_stop: HearsStop, body: Body) -> Self {
        Self {
            id,
            settings: Settings::default(),
            after: Vec::new(),
            hears_stop: hears_stop == HearsStop::Yes,
            origin: None,
            body,
        }
    }

    /// The name among its siblings.
    #[must_use]
    pub const fn id(&self) -> &ChildId {
        &self.id
    }

    /// Gives the child another name, for instance to use one function twice.
    pub fn named(mut self, id: impl Into<ChildId>) -> Self {
        self.id = id.into();
        self
    }

    /// When the child is started again.
    ///
    /// Default: [`Transient`](RestartPolicy::Transient), after an abnormal end; nested supervisors:
    /// [`Permanent`](RestartPolicy::Permanent), after any.
    pub const fn restart(mut self, restart: RestartPolicy) -> Self {
        self.settings.restart = Some(restart);
        self
    }

    /// How long the child waits before it is started again.
    ///
    /// Default: 100 ms, doubling up to 30 s, with half jitter.
    pub fn backoff(mut self, backoff: impl Into<Backoff>) -> Self {
        self.settings.backoff = Some(backoff.into());
        self
    }

    /// How long an attempt must be healthy for the back-off to begin anew.
    ///
    /// Default: the upper bound of the back-off, at least ten seconds.
    pub const fn backoff_reset(mut self, healthy: Duration) -> Self {
        self.settings.backoff_reset = Some(healthy);
        self
    }

    /// How many restarts of its own the child may have before it is quarantined. Default: no limit.
    ///
    /// Its restarts then count here only, and no longer for the intensity of its supervisor.
    pub fn fuse(mut self, fuse: impl Into<Intensity>) -> Self {
        self.settings.fuse = Some(fuse.into());
        self
    }

    /// How the child is asked to stop, and how long it may take.
    ///
    /// Default: five seconds. A supervised function without a context cannot be asked and is
    /// dropped at once; a nested supervisor takes as long as what lies below it.
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.settings.shutdown = Some(shutdown.into());
        self
    }

    /// When a start of the child is complete. Default: at once.
    pub const fn readiness(mut self, readiness: Readiness) -> Self {
        self.settings.readiness = readiness;
        self
    }

    /// How long a start may take where readiness is not immediate. Default: 30 s.
    ///
    /// A child that is not ready by then has failed to start.
    pub const fn ready_within(mut self, limit: Duration) -> Self {
        self.settings.ready_within = Some(limit);
        self
    }

    /// Whether the end of this child may shut its supervisor down. Default: no.
    ///
    /// It does so as [`AutoShutdown`](super::policy::AutoShutdown) of the supervisor says, and is
    /// refused where that says never, and for a permanent child.
    pub const fn significant(mut self, significant: bool) -> Self {
        self.settings.significant = significant;
        self
    }

    /// Whether the tree counts as ready only while this child is. Default: yes.
    pub const fn critical(mut self, critical: bool) -> Self {
        self.settings.critical = critical;
        self
    }

    /// How long the child may be silent before it counts as hung. Default: as long as it likes.
    ///
    /// It beats with [`TaskContext::heartbeat`], from the moment it is ready on; silence is noticed
    /// between 1 and 1.25 times this. One that is hung is ended, and restarted by policy.
    /// A function without a context cannot beat, and is refused when a tree is started; so is a child
    /// of readiness `completed`, which is ready when it has ended: give it a
    /// [`timeout`](ChildSpec::timeout).
    pub const fn heartbeat(mut self, silence: Duration) -> Self {
        self.settings.heartbeat = Some(silence);
        self
    }

    /// How long one attempt may last. Default: no limit.
    ///
    /// One that lasts longer is ended, and restarted by policy: its end is abnormal.
    pub const fn timeout(mut self, longest: Duration) -> Self {
        self.settings.timeout = Some(longest);
        self
    }

    /// How long one poll may last before it is reported. Default: it is not.
    ///
    /// A future that does not yield keeps its thread from everybody else. While it is inside one poll
    /// for longer than this, that is an event
    /// ([`Stalled`](crate::event::kind::EventKind::Stalled)), a warning of `tracing`, and in the
    /// [snapshot](crate::event::snapshot::ChildSnapshot::stalled); nothing is done about it. It is
    /// noticed between 1 and 1.25 times this, by the real clock, at most half a second late. A child
    /// that merely waits is never accused, however busy the machine is. What it has spawned, and the
    /// function of a blocking child, are not looked at.
    ///
    /// The first start of such a child also starts one thread for the tree, which looks at the poll
    /// counters that children keep anyway. It keeps the deadlines of the tree too while every thread
    /// of the runtime is occupied, on a current-thread runtime for instance, and gives time to those
    /// that no thread has come to. It ends with the tree.
    pub const fn stall_after(mut self, longest: Duration) -> Self {
        self.settings.stall_after = Some(longest);
        self
    }

    /// What the supervisor does when the child cannot be stopped. Default: it waits.
    pub const fn on_stuck(mut self, on_stuck: OnStuck) -> Self {
        self.settings.on_stuck = on_stuck;
        self
    }

    /// Words for people and filters, in place of those that it had. Default: none.
    ///
    /// Each is 1 to 64 of `[A-Za-z0-9_.:-]`; others are refused when a tree is started.
    pub fn tags(mut self, tags: impl IntoIterator<Item: Into<Arc<str>>>) -> Self {
        self.settings.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// As a function without a context, which cannot hear a stop.
    #[cfg(test)]
    pub(crate) const fn deaf(mut self) -> Self {
        self.hears_stop = false;
        self
    }

    /// The child as the `init` of its supervisor.
    pub(super) fn into_init(mut self) -> Self {
        self.settings.decides = true;
        self.restart(RestartPolicy::Temporary)
            .readiness(Readiness::Completed)
            .significant(false)
            .critical(true)
    }

    /// Siblings that must be ready before this child starts.
    ///
    /// Adds to those already named. Names that are not siblings, siblings that start later, and
    /// cycles are refused when a tree is started. When a sibling restarts, this child does so only
    /// under [`Strategy::Dependents`](super::policy::Strategy::Dependents).
    pub fn after<I>(mut self, siblings: I) -> Self
    where
        I: IntoIterator<Item: Into<ChildId>>,
    {
        self.after.extend(siblings.into_iter().map(Into::into));
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            restart: None,
            backoff: None,
            backoff_reset: None,
            fuse: None,
            shutdown: None,
            readiness: Readiness::default(),
            ready_within: None,
            significant: false,
            critical: true,
            heartbeat: None,
            timeout: None,
            stall_after: None,
            on_stuck: OnStuck::default(),
            tags: Arc::default(),
            decides: false,
        }
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.id)
            .field("settings", &self.settings)
            .field("after", &self.after)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared => f.write_str("Declared"),
            Self::Supervisor(spec) => spec.fmt(f),
            Self::Worker(_) => f.write_str("Worker"),
        }
    }
}
