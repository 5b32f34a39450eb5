//! Other supervisors, set up as their documentation recommends, without limits and delays where they
//! can be had without.
//!
//! None of them hands an attempt something by which it hears of its stop but task-supervisor and
//! taskvisor; an idle child of the others waits for ever, and is stopped as its supervisor stops it.

pub(crate) mod kameo;
pub(crate) mod ractor_supervisor;
pub(crate) mod task_supervisor;
pub(crate) mod taskvisor;

use std::future::Future;

use super::Stop;

/// For attempts that are not told, but ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Untold;

impl Stop for Untold {
    fn asked(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}
