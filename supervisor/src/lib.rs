//! Supervision trees for tokio, declared with macros.
//!
//! A supervised child is an ordinary async function that may fail. Its supervisor starts it, sees
//! it end, decides by policy whether it is started again, and stops it when it is time. Supervisors
//! can be supervised in turn, so that a part of a program that does not recover is started afresh
//! as a whole, and what cannot be mended there is decided one level higher. The rules are those of
//! Erlang's OTP.
//!
//! Use it where a program has long-lived tasks: consumers, connections, schedulers, servers. They
//! start in order, come back when they fail, and stop in order and in bounded time. For a task that
//! computes one result for one caller, `tokio::spawn` and its `JoinHandle` are the right thing.
//!
//! ```
//! use rust_supervisor::{Supervisor, TaskContext, supervised, supervisor_tree};
//! use tokio::sync::mpsc;
//! use tokio::sync::mpsc::error::SendError;
//!
//! /// Its receiver is lent: what is queued survives a panic.
//! #[supervised(backoff = "10ms..1s")]
//! async fn printer(ctx: TaskContext, lines: &mut mpsc::Receiver<String>) {
//!     while let Some(line) = ctx.until_cancelled(lines.recv()).await.flatten() {
//!         println!("{line}");
//!     }
//! }
//!
//! #[supervised]
//! async fn greeter(name: String, lines: mpsc::Sender<String>) -> Result<(), SendError<String>> {
//!     lines.send(format!("hello, {name}")).await
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (sender, receiver) = mpsc::channel(8);
//! let handle = Supervisor::start(supervisor_tree! {
//!     printer(receiver),
//!     greeter("world".to_owned(), sender) { after = [printer] },
//! })
//! .await?;
//! assert!(handle.is_ready());
//! let report = handle.shutdown().await?;
//! assert!(report.is_clean(), "{report}");
//! # Ok(()) }
//! ```
//!
//! The `main` of a service is [`Supervisor::run`]: it starts a tree, stops it on SIGINT or SIGTERM,
//! and returns the exit code.
//!
//! # Where to look
//!
//! | module | what is there |
//! | --- | --- |
//! | [`spec`] | what is to run: [`ChildSpec`], [`SupervisorSpec`], and their policies |
//! | [`task`] | the code of a child: [`TaskContext`], [`TaskResult`], factories |
//! | [`runtime`] | [`Supervisor`], which starts and runs a tree |
//! | [`template`] | children that files and manifests start by name |
//! | `config` | trees that are described, or tuned, from outside |
//! | [`control`] | [`SupervisorHandle`], [`TreeRef`] and [`ChildHandle`]: commands and queries |
//! | [`event`] | what happened: events, ends of attempts, snapshots |
//! | [`shutdown`] | what a shutdown did |
//! | [`error`] | what starts and commands answer when they fail |
//! | [`id`] | names and numbers of children and attempts |
//! | [`panics`] | the panic hook |
//! | [`promises`] | what is promised, which test shows it, and where this differs from OTP |
//!
//! `#[supervised]` and `supervisor_tree!` document all settings, with their defaults. They write
//! calls of the plain API, which can be used alone:
//!
//! ```
//! use std::time::Duration;
//! use rust_supervisor::spec::policy::Strategy;
//! use rust_supervisor::{ChildSpec, SupervisorSpec, TaskContext};
//!
//! let ticks = ChildSpec::from_fn("ticks", |ctx: TaskContext| async move {
//!     let pause = Duration::from_secs(1);
//!     while ctx.until_cancelled(tokio::time::sleep(pause)).await.is_some() {
//!         // ..
//!     }
//! });
//! let spec = SupervisorSpec::root(vec![ticks]).strategy(Strategy::RestForOne);
//! # drop(spec);
//! ```
//!
//! What all that comes to, and the tests that show it, is a table of [`capabilities`].
//!
//! # The life of a child
//!
//! This is also the way to read the code, top to bottom:
//!
//! ```text
//! #[supervised] async fn feed     supervisor-macros/             writes feed::spec(..)
//! feed::spec(config, receiver)    spec/child.rs                  a ChildSpec: policy and code
//! supervisor_tree! { .. }         supervisor-macros/             a SupervisorSpec
//! Plan::try_from(spec)            spec/plan.rs                   sound, ordered, indexed
//! Machine::new(plan)              machine/                       nothing runs yet
//! Action::Start(attempt)          machine/ to runtime/           the future is made and polled
//! Input::Exited(attempt, exit)    runtime/ to machine/           what comes too late is ignored
//! the decision                    machine/decision.rs            restart? then intensity, scope
//! next_deadline()                 machine/deadlines.rs           a back-off is a deadline
//! Action::Start(attempt)          machine/ to runtime/           the next generation
//! Event                           event/                         journal, subscribers, `tracing`
//! ```
//!
//! All rules are in the machine, which knows no runtime, clock or IO. The runtime carries out what
//! it wants: each child has one tokio task, which lives across its attempts and makes the future of
//! each. An attempt is over when its future has been dropped; only then can the next one start, so
//! a value that is lent has one borrower, and there is never a second copy of a child.
//!
//! # Stopping, and its limits
//!
//! A stop cancels the [`TaskContext`] of the attempt and gives it its `shutdown` budget, five
//! seconds by default. What has not ended by then is dropped at its next await. A child that does
//! not get there within another second is *stuck*: it is reported, its path is fenced until it has
//! physically gone, and the stop goes on without it. A function without a context cannot hear the
//! request; it is dropped at its next await, and that is a clean stop.
//!
//! `shutdown_within` is one deadline for all that is below a supervisor. A child gets the smaller of
//! its own budget and what is left, which [`TaskContext::deadline`] tells; with nothing left it is
//! dropped in its turn, and the report says that it was cut short. A budget that was written and is
//! longer than a deadline above it is refused when the tree is started. Two seconds after the
//! deadline whatever does not yield has been given up, however many those are. [`Supervisor::run`]
//! has 25 seconds where nothing is written, [`Supervisor::start`] none;
//! [`TreeRef::shutdown_within`] sets one for a single shutdown.
//!
//! A stuck child is told with what it was seen doing and for how long: an event, a line at the level
//! `ERROR`, [`ChildSnapshot::stuck`](event::snapshot::ChildSnapshot::stuck), and the report of the
//! shutdown. A restart of its group leaves it out, and starts it once it has physically gone. With
//! `on_stuck = "escalate"` its supervisor gives up instead.
//!
//! Attempts can be limited, too. `ready_within` limits the start, `timeout` the life of one attempt,
//! and `heartbeat` the time between two calls of [`TaskContext::heartbeat`]. Who exceeds a limit is
//! ended as by a stop, and that is an abnormal end.
//!
//! - Nothing kills code that does not yield. Its thread stays occupied until it returns; a
//!   `blocking` function cannot be dropped at all, and stops when it looks at its context.
//!   It is never told as ended before it has returned, also when its runtime has gone before.
//! - Bounds hold while one thread of the runtime is free. (The worker that looks after tokio's timers
//!   may be the one that is blocked; from the first deadline on one thread of the process,
//!   `supervisor-nudge`, sees to it that another takes over.) On a current-thread runtime, a child
//!   that does not yield stops the clock of everything. A tree with a child that has
//!   [`stall_after`](ChildSpec::stall_after) has a thread that keeps its deadlines even then.
//! - `#[tokio::main]`, and dropping a `Runtime`, wait for threads that are occupied, after the tree
//!   has ended. `Runtime::shutdown_background` does not, and under [`Supervisor::run`] a second
//!   signal ends the process at once.
//! - `shutdown = "infinity"` has no bound.
//! - A tree of which all children are done stays up, unless `auto_shutdown` says otherwise.
//! - Dropping the last [`SupervisorHandle`] stops the tree, unless it has been
//!   [detached](SupervisorHandle::detach). Dropping the runtime ends it.
//!
//! # Sub-tasks
//!
//! What an attempt runs beside its body belongs to it when it is spawned with
//! [`TaskContext::spawn`] or [`TaskContext::spawn_blocking`]: it is told to stop when the body ends,
//! it is dropped when the budget is spent, the attempt is over only when it has gone, and its failure
//! is the attempt's. A bare `tokio::spawn` is none of that; it is an orphan as soon as its attempt
//! ends, and the next attempt runs beside it. Clippy keeps that out of a crate, with a `clippy.toml`
//! beside its `Cargo.toml`:
//!
//! ```toml
//! disallowed-methods = [
//!     { path = "tokio::spawn", reason = "outlives its attempt: use TaskContext::spawn" },
//!     { path = "tokio::task::spawn", reason = "outlives its attempt: use TaskContext::spawn" },
//!     { path = "tokio::task::spawn_blocking", reason = "use TaskContext::spawn_blocking" },
//!     { path = "tokio::task::spawn_local", reason = "outlives its attempt" },
//!     { path = "tokio::runtime::Handle::spawn", reason = "use TaskContext::spawn" },
//!     { path = "tokio::runtime::Handle::spawn_blocking", reason = "use TaskContext::spawn_blocking" },
//!     { path = "tokio::runtime::Runtime::spawn", reason = "use TaskContext::spawn" },
//!     { path = "tokio::runtime::Runtime::spawn_blocking", reason = "use TaskContext::spawn_blocking" },
//!     { path = "tokio::task::JoinSet::spawn", reason = "aborts, but waits for nobody" },
//!     { path = "tokio::task::JoinSet::spawn_blocking", reason = "aborts, but waits for nobody" },
//!     { path = "std::thread::spawn", reason = "nobody waits for it: use TaskContext::spawn_blocking" },
//! ]
//! ```
//!
//! Where one of them is right, in `main` or in a test, `#[allow(clippy::disallowed_methods)]` says so.
//!
//! # Panics of children
//!
//! A panic is caught while a future is made, polled or dropped, and is an end like any other, with
//! its message. Its place in the source is known only to a panic hook. [`Supervisor::run`] and
//! [`SupervisorBuilder::run`](runtime::supervisor::SupervisorBuilder::run) install one, and
//! [`panics::install`] does; [`Supervisor::start`] does not. It always calls the hook that was
//! there before, which by default writes the panic to standard error. Where `RUST_BACKTRACE` asks for
//! one, the calls that led to the panic are kept with the end of the attempt.
//!
//! With `panic = "abort"` the first panic ends the process. So does, by the rules of the language,
//! a future two of whose fields panic while it is dropped.
//!
//! # Logs
//!
//! The library writes to `tracing` and installs no subscriber: events of the target
//! `rust_supervisor::lifecycle`, a failure and what is decided on it in one line, and a span of the
//! target `rust_supervisor::attempt` around the code of each attempt. A subscriber that is slower than
//! the tree for longer than the journal reaches back is told in a warning how many events it has
//! `missed`. The library prints in one place only: a [`RunOutcome`] that `main` returns writes a
//! failure to standard error, unless it is [quiet](RunOutcome::quiet).
//!
//! What a child logs is inside that span, and so carries `child`, `path`, `attempt` and
//! `generation`. A span that lasts for weeks is of no use to what exports spans, such as a layer of
//! OpenTelemetry. One line keeps it out of there:
//!
//! ```text
//! layer.with_filter(filter_fn(|meta| meta.target() != "rust_supervisor::attempt"))
//! ```
//!
//! # Features
//!
//! On by default:
//!
//! - `macros`: `#[supervised]` and `supervisor_tree!`.
//! - `signal`: [`Supervisor::run`] and `SupervisorBuilder::handle_signals`.
//! - `manifest`: [`TreeRef::add_child`], which makes a child of a template by YAML, or declares one
//!   without code.
//!
//! Off by default:
//!
//! - `config`: trees that are described, or tuned, from outside, as plain data.
//! - `config-yaml`, `config-toml`: the files for that.
//! - `schema`: a JSON Schema for them.
//! - `recorder`: a log of what a tree is told, which plays again: see `rust_supervisor::recorder`.
//! - `test-util`: a kit for tests of supervised programs: see `rust_supervisor::test_util`.
//! - `metrics`: what a tree does, in numbers: see `rust_supervisor::metrics`.
//!
//! The library builds with and without each of them.
// The published docs have every feature; without one, what it brings is not there to be linked.
#![cfg_attr(
    not(all(
        feature = "config-toml",
        feature = "config-yaml",
        feature = "macros",
        feature = "manifest",
        feature = "metrics",
        feature = "recorder",
        feature = "schema",
        feature = "signal",
        feature = "test-util",
    )),
    allow(rustdoc::broken_intra_doc_links)
)]

#[cfg(any(feature = "config", feature = "manifest"))]
pub mod config;
#[cfg(doc)]
#[doc = "What one can do with a tree, where that is, and a test that shows it."]
#[doc = ""]
#[doc = include_str!("capabilities.md")]
pub mod capabilities {}
pub mod control;
pub mod error;
pub mod event;
pub mod id;
mod machine;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod panics;
#[cfg(feature = "recorder")]
pub mod recorder;
#[doc = include_str!("../docs/promises.md")]
#[doc = include_str!("../docs/otp.md")]
pub mod promises {}
pub mod runtime;
pub mod shutdown;
pub mod spec;
pub mod task;
pub mod template;
#[cfg(feature = "test-util")]
pub mod test_util;

#[doc(inline)]
pub use crate::control::child::ChildHandle;
#[doc(inline)]
pub use crate::control::handle::{SupervisorHandle, TreeRef};
#[doc(inline)]
pub use crate::error::types::{StartError, SupervisorError};
#[doc(inline)]
pub use crate::runtime::outcome::RunOutcome;
#[doc(inline)]
pub use crate::runtime::supervisor::Supervisor;
#[doc(inline)]
pub use crate::spec::child::ChildSpec;
#[doc(inline)]
pub use crate::spec::supervisor::SupervisorSpec;
#[doc(inline)]
pub use crate::task::context::TaskContext;
#[doc(inline)]
pub use crate::task::outcome::{Fatal, IntoTaskResult, TaskResult};
#[cfg(feature = "macros")]
#[doc(inline)]
pub use rust_supervisor_macros::{supervised, supervisor_tree};

/// How long locks are held, for the benchmarks; free to change in every release.
#[cfg(feature = "__measure")]
#[doc(hidden)]
pub mod __measure {
    pub use crate::runtime::holds::longest_hold;
}

/// The machine without a runtime, for the tests of this workspace; free to change in every release.
#[cfg(feature = "__world")]
#[doc(hidden)]
pub mod __world {
    #[cfg(feature = "config")]
    pub use crate::machine::world::made_of;
    pub use crate::machine::world::{Ask, Attempt, Ends, Said, Ticket, Want, World};

    /// What a specification comes to, without its code, to be compared as a whole: policies,
    /// order, dependencies, and templates by name.
    #[cfg(feature = "config")]
    pub fn outline(
        spec: crate::SupervisorSpec,
    ) -> Result<impl std::fmt::Debug + PartialEq, crate::spec::error::InvalidSpec> {
        use crate::spec::outline::Outline;
        use crate::spec::plan::Plan;

        let mut outline = Outline::of(&Plan::try_from(spec)?);
        for node in &mut outline.nodes {
            if let Some(origin) = &mut node.origin {
                origin.arguments = None;
            }
        }
        Ok(outline)
    }
}

/// What generated code uses; not for anybody else, and free to change in every release.
#[doc(hidden)]
pub mod __private {
    use std::future::Future;

    use crate::task::launch;

    pub use crate::runtime::driver::Driver;
    pub use crate::spec::backoff::Backoff;
    pub use crate::spec::child::{ChildSpec, HearsStop};
    pub use crate::spec::policy::{
        AddPolicy, AutoShutdown, FirstStart, Intensity, OnExhausted, OnStuck, Pool, Readiness,
        RestartPolicy, Shutdown, StartOrder, Strategy, WhileStarting,
    };
    pub use crate::spec::supervisor::{IntoChild, IntoChildren, SupervisorSpec};
    pub use crate::task::argument::{Cloned, Lent, Moved, Shared};
    pub use crate::task::attempt::attempt;
    pub use crate::task::context::TaskContext;
    pub use crate::task::outcome::{IntoTaskResult, TaskResult};
    pub use crate::template::{Argument, Arguments, Description, IntoTemplate, Template};

    /// The child of a supervised function: a closure that makes its attempts.
    pub fn child<F, Fut>(name: &'static str, hears_stop: HearsStop, make: F) -> ChildSpec
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = TaskResult> + Send + 'static,
    {
        ChildSpec::of_code(name.into(), hears_stop, launch::attempts(make))
    }

    /// The child of a supervised function whose future is not `Send`: as [`child`], on a thread of
    /// its own.
    pub fn local_child<F, Fut>(name: &'static str, hears_stop: HearsStop, make: F) -> ChildSpec
    where
        F: FnMut(TaskContext) -> Fut + Send + 'static,
        Fut: Future<Output = TaskResult> + 'static,
    {
        ChildSpec::of_code(name.into(), hears_stop, launch::local_attempts(make))
    }

    /// The child of a supervised function that borrows: a loop that owns what its attempts borrow.
    pub fn borrowing_child<L, Fut>(name: &'static str, hears_stop: HearsStop, run: L) -> ChildSpec
    where
        L: FnOnce(Driver) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        ChildSpec::of_code(name.into(), hears_stop, launch::driven(run))
    }

    /// As [`borrowing_child`], on a thread of its own.
    pub fn borrowing_local_child<L, Fut>(
        name: &'static str,
        hears_stop: HearsStop,
        run: L,
    ) -> ChildSpec
    where
        L: FnOnce(Driver) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        ChildSpec::of_code(name.into(), hears_stop, launch::driven_locally(run))
    }

    /// The child of a synchronous supervised function.
    pub fn blocking_child<S, T, F>(
        name: &'static str,
        hears_stop: HearsStop,
        state: S,
        run: F,
    ) -> ChildSpec
    where
        S: Send + 'static,
        T: IntoTaskResult,
        F: Fn(TaskContext, &mut S) -> T + Send + Sync + 'static,
    {
        ChildSpec::of_code(name.into(), hears_stop, launch::blocking(state, run))
    }

    /// Marks a child as made of a template, with values that code has handed over.
    pub fn of_template(mut child: ChildSpec, name: &'static str) -> ChildSpec {
        child.origin = Some(Box::new(crate::spec::child::Origin {
            template: name.into(),
            arguments: None,
        }));
        child
    }

    /// The template of a supervised function.
    pub fn template(
        name: &'static str,
        doc: &'static str,
        settings: &'static [(&'static str, &'static str)],
        arguments: Vec<Argument>,
        make: impl Fn(&mut Arguments<'_>) -> Option<ChildSpec> + Send + Sync + 'static,
    ) -> Template {
        Template::of_function(name, doc, settings, arguments, make)
    }

    /// A parameter of a template.
    #[must_use]
    pub fn argument<T: Read>(
        name: &'static str,
        type_name: &'static str,
        description: Description,
    ) -> Argument {
        Argument::of::<T>(name, type_name, description)
    }

    /// Reads an argument of a template.
    pub fn take<T: Read>(
        arguments: &mut Arguments<'_>,
        name: &'static str,
        type_name: &'static str,
    ) -> Option<T> {
        arguments.take(name, type_name)
    }

    /// A parameter of a template: what can be read from a file.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be an argument of a template",
        label = "cannot be read from a file",
        note = "derive `serde::Deserialize` for it; where code has to hand it over, make the \
                template with `Template::new`"
    )]
    pub trait Read: serde::de::DeserializeOwned {}

    impl<T: serde::de::DeserializeOwned> Read for T {}

    /// Asks a type for its JSON Schema, if it has one: the nearer of two methods is found first.
    #[derive(Debug)]
    pub struct Describe<T>(std::marker::PhantomData<T>);

    impl<T> Describe<T> {
        /// About the type `T`.
        #[must_use]
        #[allow(
            clippy::new_without_default,
            reason = "generated code needs no other way"
        )]
        pub const fn new() -> Self {
            Self(std::marker::PhantomData)
        }
    }

    /// Of a type that has one.
    #[cfg(feature = "schema")]
    pub trait HasSchema {
        /// Its schema.
        fn description(&self) -> Description;
    }

    #[cfg(feature = "schema")]
    impl<T: schemars::JsonSchema> HasSchema for Describe<T> {
        fn description(&self) -> Description {
            Description::of::<T>()
        }
    }

    /// Of any other.
    pub trait MayHaveSchema {
        /// Nothing.
        fn description(&self) -> Description;
    }

    impl<T> MayHaveSchema for &Describe<T> {
        fn description(&self) -> Description {
            Description::default()
        }
    }

    #[cfg(not(feature = "schema"))]
    pub use MayHaveSchema as HasSchema;

    /// Carries the bound of a parameter `T`.
    pub fn cloned<T: Cloned>(value: T) -> T {
        value
    }

    /// Carries the bound of a parameter `&T`.
    pub fn shared<T: Shared>(value: T) -> T {
        value
    }

    /// Carries the bound of a parameter `&mut T`.
    pub fn lent<T: Lent>(value: T) -> T {
        value
    }

    /// Carries the bound of every parameter of a `local` function.
    pub fn moved<T: Moved>(value: T) -> T {
        value
    }

    /// Carries the bound that the future of a supervised function is `Send`. The compiler names it
    /// where that does not hold.
    pub fn send_unless_local<F: Future + Send>(future: F) -> F {
        future
    }
}

/// The README's program compiles.
#[cfg(all(doctest, feature = "macros", feature = "signal"))]
#[doc = include_str!("../../README.md")]
struct Readme;
