//! Supervisors that are compared: `one_for_one` over children that run the same code.

mod floor;
mod ours;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use crate::figure::Figure;
use crate::workloads::{Size, Workload};

/// What a supervisor must be able to do to be measured.
pub(crate) trait Supervise: Send + 'static {
    /// What an attempt is given.
    type Stop: Stop;
    type Tree: Send;

    /// Starts so many children; one that fails is restarted at once, however often.
    fn start<F, Fut>(
        children: usize,
        child: impl Fn(usize) -> F + Send,
    ) -> impl Future<Output = Self::Tree> + Send
    where
        F: FnMut(Self::Stop) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static;

    /// Stops all children, and resolves when they have gone.
    fn stop(tree: Self::Tree) -> impl Future<Output = ()> + Send;
}

/// How an attempt hears that it is to stop.
pub(crate) trait Stop: Send + Sync + 'static {
    fn asked(&self) -> impl Future<Output = ()> + Send;
}

/// What attempts fail with: an error as services have them, small and not boxed.
#[derive(Debug)]
pub(crate) struct Crash {
    pub(crate) left: usize,
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed, and will {} times more", self.left)
    }
}

impl Error for Crash {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Floor,
    Ours,
}

impl Side {
    pub(crate) const ALL: [Self; 2] = [Self::Floor, Self::Ours];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "ours",
        }
    }

    /// Runs a workload on the present runtime.
    pub(crate) fn measure(self, workload: Workload, size: Size) -> Measurement {
        match self {
            Self::Floor => Box::pin(workload.measure::<floor::Floor>(size)),
            Self::Ours => Box::pin(workload.measure::<ours::Ours>(size)),
        }
    }
}

pub(crate) type Measurement = Pin<Box<dyn Future<Output = Vec<Figure>> + Send>>;

impl FromStr for Side {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|side| side.name() == name)
            .ok_or_else(|| format!("no such side: {name}"))
    }
}
