//! Supervision trees for tokio, declared with macros.

pub mod control;
pub mod error;
pub mod event;
pub mod id;
mod machine;
pub mod panics;
pub mod runtime;
pub mod shutdown;
pub mod spec;
pub mod task;

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

/// The machine without a runtime, for the tests of this workspace; free to change in every release.
#[cfg(feature = "__world")]
#[doc(hidden)]
pub mod __world {
    pub use crate::machine::world::{Ask, Attempt, Ends, No, Said, Ticket, Want, World};
}

/// What generated code uses; not for anybody else, and free to change in every release.
#[doc(hidden)]
pub mod __private {
    use std::future::Future;

    pub use crate::runtime::driver::Driver;
    pub use crate::spec::backoff::Backoff;
    pub use crate::spec::child::{ChildSpec, HearsStop};
    pub use crate::spec::policy::{
        AddPolicy, AutoShutdown, FirstStart, Intensity, Pool, Readiness, RestartPolicy, Shutdown,
        StartOrder, Strategy, WhileStarting,
    };
    pub use crate::spec::supervisor::{IntoChild, IntoChildren, SupervisorSpec};
    pub use crate::task::argument::{Cloned, Lent, Shared};
    pub use crate::task::context::TaskContext;
    pub use crate::task::outcome::{IntoTaskResult, TaskResult};

    /// The child of a supervised function: a loop that makes its attempts.
    pub fn child<L, Fut>(name: &'static str, hears_stop: HearsStop, run: L) -> ChildSpec
    where
        L: FnOnce(Driver) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        ChildSpec::driven(name.into(), hears_stop, run)
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
        ChildSpec::blocking(name.into(), hears_stop, state, run)
    }

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

    /// Carries the bound that the future of a supervised function is `Send`.
    pub fn sendable<F: Future + Send>(future: F) -> F {
        future
    }
}
