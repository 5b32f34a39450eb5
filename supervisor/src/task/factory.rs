//! Factories: how a child makes an attempt, in the plain API.

use std::future::Future;
use std::pin::Pin;

use super::context::TaskContext;
pub use super::outcome::{Fatal, IntoTaskResult, TaskError, TaskResult};

/// The boxed future of an attempt.
pub type BoxTaskFuture = Pin<Box<dyn Future<Output = TaskResult> + Send + 'static>>;

/// Makes the attempts of a child, one future for each.
///
/// Implemented by what [`service_fn`] makes of a closure.
pub trait TaskFactory: Send + Sync + 'static {
    /// Makes the future of one attempt.
    ///
    /// # Panics
    ///
    /// It may: a panic is an end of that attempt like any other.
    fn build(&self, ctx: TaskContext) -> BoxTaskFuture;
}

/// A factory from a closure.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use rust_supervisor::id::types::ChildId;
/// use rust_supervisor::spec::child::{ChildSpec, TaskKind};
/// use rust_supervisor::task::context::TaskContext;
/// use rust_supervisor::task::factory::{TaskResult, service_fn};
///
/// let factory = service_fn(|ctx: TaskContext| async move {
///     ctx.cancelled().await;
///     TaskResult::Cancelled
/// });
/// let child = ChildSpec::worker(
///     ChildId::new("feed"),
///     "mirrors the feed",
///     TaskKind::AsyncWorker,
///     Arc::new(factory),
/// );
/// ```
pub fn service_fn<F, Fut>(attempt: F) -> impl TaskFactory
where
    F: Fn(TaskContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoTaskResult> + Send + 'static,
{
    ServiceFn(attempt)
}

struct ServiceFn<F>(F);

impl<F, Fut> TaskFactory for ServiceFn<F>
where
    F: Fn(TaskContext) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: IntoTaskResult> + Send + 'static,
{
    fn build(&self, ctx: TaskContext) -> BoxTaskFuture {
        let attempt = (self.0)(ctx);
        Box::pin(async move { attempt.await.into_task_result() })
    }
}
