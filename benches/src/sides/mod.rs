//! Supervisors that are compared: `one_for_one` over children that run the same code.

pub(crate) mod floor;
pub(crate) mod hand;
pub(crate) mod ours;
#[cfg(feature = "peers")]
pub(crate) mod peers;

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::str::FromStr;

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

/// Restarts all children together when one fails.
pub(crate) trait Together: Supervise {
    fn start_together<F, Fut>(
        children: usize,
        child: impl Fn(usize) -> F + Send,
    ) -> impl Future<Output = Self::Tree> + Send
    where
        F: FnMut(Self::Stop) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), Crash>> + Send + 'static;
}

/// Takes message and place of every panic.
pub(crate) trait NotesPanics {
    /// Sees to it that panics are noted; called once, when nobody else hears of them any more.
    fn note_panics();
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Floor,
    Ours,
    Hand,
    #[cfg(feature = "peers")]
    Kameo,
    #[cfg(feature = "peers")]
    RactorSupervisor,
    #[cfg(feature = "peers")]
    TaskSupervisor,
    #[cfg(feature = "peers")]
    Taskvisor,
}

/// Runs an expression with the supervisor of a side.
macro_rules! with_side {
    ($side:expr, $name:ident => $run:expr) => {
        match $side {
            $crate::sides::Side::Floor => {
                type $name = $crate::sides::floor::Floor;
                $run
            }
            $crate::sides::Side::Ours => {
                type $name = $crate::sides::ours::Ours;
                $run
            }
            $crate::sides::Side::Hand => {
                type $name = $crate::sides::hand::Hand;
                $run
            }
            #[cfg(feature = "peers")]
            $crate::sides::Side::Kameo => {
                type $name = $crate::sides::peers::kameo::Kameo;
                $run
            }
            #[cfg(feature = "peers")]
            $crate::sides::Side::RactorSupervisor => {
                type $name = $crate::sides::peers::ractor_supervisor::RactorSupervisor;
                $run
            }
            #[cfg(feature = "peers")]
            $crate::sides::Side::TaskSupervisor => {
                type $name = $crate::sides::peers::task_supervisor::TaskSupervisor;
                $run
            }
            #[cfg(feature = "peers")]
            $crate::sides::Side::Taskvisor => {
                type $name = $crate::sides::peers::taskvisor::Taskvisor;
                $run
            }
        }
    };
}
pub(crate) use with_side;

impl Side {
    pub(crate) const ALL: &[Self] = &[
        Self::Floor,
        Self::Ours,
        Self::Hand,
        #[cfg(feature = "peers")]
        Self::Kameo,
        #[cfg(feature = "peers")]
        Self::RactorSupervisor,
        #[cfg(feature = "peers")]
        Self::TaskSupervisor,
        #[cfg(feature = "peers")]
        Self::Taskvisor,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Ours => "ours",
            Self::Hand => "hand",
            #[cfg(feature = "peers")]
            Self::Kameo => "kameo",
            #[cfg(feature = "peers")]
            Self::RactorSupervisor => "ractor-supervisor",
            #[cfg(feature = "peers")]
            Self::TaskSupervisor => "task-supervisor",
            #[cfg(feature = "peers")]
            Self::Taskvisor => "taskvisor",
        }
    }

    pub(crate) const fn is_peer(self) -> bool {
        !matches!(self, Self::Floor | Self::Ours | Self::Hand)
    }
}

impl FromStr for Side {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Self::ALL.iter().copied();
        all.find(|side| side.name() == name)
            .ok_or_else(|| format!("no such side: {name}"))
    }
}
