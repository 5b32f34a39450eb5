//! The errors of starting a tree, and of its commands.

use std::io;
use std::sync::Arc;

use crate::event::failure::Failure;
use crate::event::snapshot::ChildState;
use crate::id::types::Generation;
use crate::spec::error::{InvalidSpec, SpecProblem};

/// Why a tree could not be started.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The machine itself has panicked; everything that ran has been ended.
    #[error("{message}")]
    Broken {
        /// What the panic said.
        message: String,
    },
    /// A child could not be started, and what had been started was stopped again, in reverse.
    #[error("{failure}")]
    Failed {
        /// Which child, and why.
        failure: Arc<Failure>,
        /// Critical children that were not ready.
        not_ready: Vec<String>,
    },
    /// The specification is not sound; nothing was started.
    #[error("{0}")]
    Invalid(#[from] InvalidSpec),
    /// The tree was told to stop before it was up.
    #[error("the tree was stopped while it was starting")]
    Interrupted,
    /// Not called inside a tokio runtime.
    #[error("there is no tokio runtime; call it inside `#[tokio::main]`, or enter one")]
    NoRuntime,
    /// The runtime has no clock.
    #[error(
        "the tokio runtime has no time driver; build it with `.enable_time()` or `.enable_all()`"
    )]
    NoTimeDriver,
    /// The runtime is shutting down, or has.
    #[error("the tokio runtime is shutting down; start the tree on one that is not")]
    RuntimeShuttingDown,
}

/// Why an attempt could not be served; it has failed with this.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The blocking pool has no thread, and the operating system gives none.
    #[error("the blocking pool has no thread for it, and the system gives none: {message}")]
    NoBlockingThread {
        /// What tokio said.
        message: String,
    },
    /// The operating system gives no runtime: it has no file descriptors left, for instance.
    #[error(
        "a local child needs a runtime of its own, and the system gives none; raise its limits"
    )]
    NoRuntime(#[source] io::Error),
    /// The operating system gives no thread.
    #[error("a local child needs a thread of its own, and the system gives none; raise its limits")]
    NoThread(#[source] io::Error),
    /// The runtime of the tree is shutting down.
    #[error("the tokio runtime is shutting down")]
    RuntimeShuttingDown,
}

/// Why a command had no effect, or a tree has ended.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SupervisorError {
    /// The supervisor takes no children at run time.
    #[error("`{supervisor}` takes no children at run time; set `add = \"yes\"` to allow it")]
    AddingNotAllowed {
        /// Path of the supervisor.
        supervisor: String,
    },
    /// A name that several children have.
    #[error("`{name}` could be {}; give the whole path", quoted(.candidates))]
    AmbiguousName {
        /// The name.
        name: String,
        /// The paths that end with it.
        candidates: Vec<String>,
    },
    /// The machine itself has panicked; everything has been ended.
    #[error("{message}")]
    Broken {
        /// What the panic said.
        message: String,
    },
    /// The name is taken.
    #[error(
        "there is a child `{path}` already; it {}; remove it first, or choose another name",
        doing(*.state)
    )]
    ChildExists {
        /// Path of the child.
        path: String,
        /// What it is doing; `Declared` also where a file that has just been taken declares it.
        state: ChildState,
    },
    /// A former child of that name does not yield and still occupies the path.
    #[error(
        "a former `{path}` is stuck and has not physically gone; wait for its end, or choose another name"
    )]
    Fenced {
        /// Path of the child.
        path: String,
    },
    /// The tree gave up.
    #[error("{failure}")]
    GaveUp {
        /// The tree of causes.
        failure: Arc<Failure>,
    },
    /// A manifest that cannot be understood.
    #[error("the manifest is not valid: {message}")]
    InvalidManifest {
        /// What is wrong with it.
        message: String,
    },
    /// A specification that is not sound.
    #[error("{0}")]
    InvalidSpec(#[from] InvalidSpec),
    /// The command cannot be carried out as it was given.
    #[error("{message}")]
    InvalidTransition {
        /// What is wrong, and with which field.
        message: String,
    },
    /// The supervisor has as many children as it may have.
    #[error("`{supervisor}` has its {limit} children; remove one first, or raise the limit")]
    LimitReached {
        /// Path of the supervisor.
        supervisor: String,
        /// The limit.
        limit: usize,
    },
    /// The child has come to rest without being ready.
    #[error("`{path}` will not be ready: it is {state}; resume or restart it first")]
    NeverReady {
        /// Path of the child.
        path: String,
        /// What it is doing.
        state: ChildState,
    },
    /// The child was declared without code.
    #[error("`{path}` was declared without code; remove it, and start it from a `ChildSpec`")]
    NoCode {
        /// Path of the child.
        path: String,
    },
    /// The child runs, and the command is for one that does not.
    #[error("`{path}` {}; stop it first, and wait until it is down", doing(*.state))]
    NotDown {
        /// Path of the child.
        path: String,
        /// What it is doing.
        state: ChildState,
    },
    /// The command was for another generation of the child.
    #[error(
        "`{path}` is not of that generation any more, it is {}; look at it again",
        of(*.generation)
    )]
    OtherGeneration {
        /// Path of the child.
        path: String,
        /// The generation of its present or last attempt.
        generation: Option<Generation>,
    },
    /// The supervisor or the tree comes down, or is down.
    #[error("`{path}` cannot be started: its supervisor is down or shutting down")]
    ShuttingDown {
        /// Path of the child.
        path: String,
    },
    /// The child did not start.
    #[error("{failure}")]
    StartFailed {
        /// Path of the child.
        path: String,
        /// Where it failed, and how.
        failure: Arc<Failure>,
    },
    /// The start was cut short by a stop.
    #[error("the start of `{path}` was cut short by a stop")]
    StartInterrupted {
        /// Path of the child.
        path: String,
    },
    /// What a file declares has the name of a child that was added at run time.
    #[error(
        "`{path}` was added at run time, and the file declares another; remove it first, or give \
         one of them another name"
    )]
    Taken {
        /// Path of the child.
        path: String,
    },
    /// More names without a child than are remembered.
    #[error(
        "{limit} commands wait for children that do not exist; remove some, or correct the name `{name}`"
    )]
    TooManyIntents {
        /// The name of the last one.
        name: String,
        /// How many are remembered.
        limit: usize,
    },
    /// The tree has ended.
    #[error("the tree has ended")]
    TreeGone,
    /// Children cannot be added to a worker.
    #[error("`{path}` is no supervisor, and takes no children; name a supervisor")]
    NotASupervisor {
        /// The path that was given.
        path: String,
    },
    /// There is no such child.
    #[error("there is no child `{path}`{}", hint(.did_you_mean))]
    UnknownChild {
        /// The path or name that was given.
        path: String,
        /// The nearest paths there are.
        did_you_mean: Vec<String>,
    },
    /// A child waits for its own end, or for that of its tree.
    #[error(
        "a child cannot wait for its own end or for that of its tree; ask for it without awaiting \
         it, and return"
    )]
    WouldWaitForItself,
}

#[cfg(feature = "manifest")]
impl From<crate::config::problem::InvalidConfig> for SupervisorError {
    fn from(invalid: crate::config::problem::InvalidConfig) -> Self {
        Self::InvalidManifest {
            message: invalid.to_string(),
        }
    }
}

impl From<SpecProblem> for SupervisorError {
    fn from(problem: SpecProblem) -> Self {
        Self::InvalidSpec(InvalidSpec {
            problems: vec![problem],
        })
    }
}

fn of(generation: Option<Generation>) -> String {
    match generation {
        Some(generation) => format!("of generation {generation}"),
        None => "not started yet".to_owned(),
    }
}

/// What a child is doing, behind its name.
fn doing(state: ChildState) -> String {
    match state {
        ChildState::Backoff => "waits for its restart".to_owned(),
        ChildState::Exited => "has just ended".to_owned(),
        ChildState::Failed | ChildState::Finished => format!("has {state}"),
        ChildState::Ignored => "has declined to run".to_owned(),
        ChildState::Waiting => "waits for others to be ready".to_owned(),
        state => format!("is {state}"),
    }
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

fn hint(names: &[String]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", quoted(names))
    }
}
