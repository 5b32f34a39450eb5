//! What is measured. What every supervisor can do is written once, for whatever runs it.

mod budget;
mod calls;
mod countdown;
mod events;
mod group;
mod holds;
mod idle;
mod latency;
mod query;
mod ready;
mod stalls;
mod start;
mod stop;
mod storm;
mod subtrees;

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;

use crate::figure::Figure;
use crate::sides::{Side, floor::Floor, ours::Ours, with_side};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    Budget,
    Events,
    Group,
    Handle,
    Heartbeat,
    Holds,
    IsCancelled,
    Latency,
    Pace,
    Panics,
    Pause,
    Query,
    QueryInStorm,
    Ready,
    Stalls,
    Start,
    Stop,
    Storm,
    Subtrees,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) children: usize,
    /// Restarts, rounds or calls: in all, not for each child.
    pub(crate) restarts: usize,
}

impl Size {
    /// What of it is done on this side: others are not to hold up all the rest.
    pub(crate) fn on(self, side: Side) -> Self {
        let most = match side {
            Side::Floor | Side::Hand | Side::Ours => usize::MAX,
            // It waits 10 ms before each.
            #[cfg(feature = "peers")]
            Side::RactorSupervisor => 500,
            #[cfg(feature = "peers")]
            _ => 50_000,
        };
        Self {
            restarts: self.restarts.min(most),
            ..self
        }
    }
}

const fn of(children: usize, restarts: usize) -> Size {
    Size { children, restarts }
}

pub(crate) type Measurement = Pin<Box<dyn Future<Output = Vec<Figure>> + Send>>;

impl Workload {
    pub(crate) const ALL: [Self; 19] = [
        Self::Start,
        Self::Ready,
        Self::Stop,
        Self::Storm,
        Self::Panics,
        Self::Latency,
        Self::Group,
        Self::Query,
        Self::Pause,
        Self::Handle,
        Self::QueryInStorm,
        Self::Events,
        Self::Pace,
        Self::Heartbeat,
        Self::IsCancelled,
        Self::Subtrees,
        Self::Stalls,
        Self::Budget,
        Self::Holds,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Events => "events",
            Self::Group => "group",
            Self::Handle => "handle",
            Self::Heartbeat => "heartbeat",
            Self::Holds => "holds",
            Self::IsCancelled => "is-cancelled",
            Self::Latency => "latency",
            Self::Pace => "pace",
            Self::Panics => "panics",
            Self::Pause => "pause",
            Self::Query => "query",
            Self::QueryInStorm => "query-in-storm",
            Self::Ready => "ready",
            Self::Stalls => "stalls",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Storm => "storm",
            Self::Subtrees => "subtrees",
        }
    }

    /// The sizes in which it is compared.
    pub(crate) fn sizes(self) -> Vec<Size> {
        match self {
            Self::Budget => vec![of(1, 5)],
            Self::Events | Self::Storm => vec![of(100, 500_000)],
            Self::Group => vec![of(1_000, 100)],
            Self::Handle => vec![of(100, 10_000_000)],
            Self::Heartbeat | Self::IsCancelled => vec![of(1, 10_000_000)],
            Self::Holds => vec![of(1_000_000, 1)],
            Self::Latency => vec![of(10, 2_000), of(100_000, 2_000)],
            Self::Pace | Self::Panics => vec![of(100, 100_000)],
            Self::Pause => vec![of(100, 10_000)],
            Self::Query | Self::QueryInStorm => vec![of(100, 100_000)],
            Self::Ready => vec![of(100_000, 1)],
            Self::Stalls => vec![of(100_000, 1)],
            Self::Start => vec![
                of(1_000, 1),
                of(10_000, 1),
                of(100_000, 1),
                of(1_000_000, 1),
            ],
            Self::Stop => vec![of(10_000, 1), of(100_000, 1), of(1_000_000, 1)],
            Self::Subtrees => vec![of(320, 480_000)],
        }
    }

    /// The size that one run takes where none is asked for.
    pub(crate) fn usual(self) -> Size {
        match self {
            Self::Start | Self::Stop => of(100_000, 1),
            _ => self.sizes()[0],
        }
    }

    /// In how many rounds it is compared at most: what takes long varies less.
    pub(crate) const fn rounds(self, size: Size) -> usize {
        match self {
            Self::Storm => 21,
            Self::Holds => 3,
            _ if size.children >= 1_000_000 => 3,
            Self::Budget | Self::Stalls => 5,
            _ => 9,
        }
    }

    /// Whether it can be measured on this side.
    pub(crate) const fn is_for(self, side: Side, size: Size) -> bool {
        if side.is_peer() && size.children > 100_000 {
            return false;
        }
        match self {
            Self::Group | Self::IsCancelled | Self::Panics => {
                matches!(side, Side::Floor | Side::Ours)
            }
            Self::Start => !matches!(side, Side::Hand),
            Self::Storm | Self::Latency => !matches!(side, Side::Hand),
            Self::Stop => true,
            Self::Ready
            | Self::Budget
            | Self::Events
            | Self::Handle
            | Self::Heartbeat
            | Self::Holds
            | Self::Pace
            | Self::Pause
            | Self::Query
            | Self::QueryInStorm
            | Self::Stalls
            | Self::Subtrees => matches!(side, Side::Ours),
        }
    }

    /// Two lengths whose difference is counted; the shorter one fills every ring.
    pub(crate) const fn lengths(self) -> Option<[Size; 2]> {
        match self {
            Self::Start | Self::Stop | Self::Ready => Some([of(20_000, 1), of(40_000, 1)]),
            Self::Storm => Some([of(100, 20_000), of(100, 60_000)]),
            Self::Panics => Some([of(100, 10_000), of(100, 20_000)]),
            Self::Group => Some([of(1_000, 20), of(1_000, 60)]),
            Self::Handle => Some([of(100, 100_000), of(100, 1_100_000)]),
            Self::Query => Some([of(100, 10_000), of(100, 30_000)]),
            Self::Heartbeat | Self::IsCancelled => Some([of(1, 100_000), of(1, 1_100_000)]),
            Self::Pause => Some([of(100, 10_000), of(100, 20_000)]),
            _ => None,
        }
    }

    /// How many times a run of this size does what is counted.
    pub(crate) const fn units(self, size: Size) -> usize {
        match self {
            Self::Group => size.children * size.restarts,
            Self::Start | Self::Stop | Self::Ready => size.children,
            _ => size.restarts,
        }
    }

    /// What a count of its instructions is a count of.
    pub(crate) const fn counted(self) -> &'static str {
        match self {
            Self::Group => "one child in one round of one_for_all",
            Self::Handle => "one state by ChildHandle",
            Self::Heartbeat => "one heartbeat",
            Self::IsCancelled => "one is_cancelled (floor: of tokio-util)",
            Self::Panics => "one restart in a storm of panics",
            Self::Pause => "one pause with its resume",
            Self::Query => "one state by name",
            Self::Ready => "start of one idle child, ready before the next",
            Self::Start => "start of one idle child",
            Self::Stop => "start and stop of one idle child",
            Self::Storm => "one restart in a storm of errors",
            _ => self.name(),
        }
    }

    pub(crate) fn describe(self, size: Size) -> String {
        let Size { children, restarts } = size;
        match self {
            Self::Budget | Self::Heartbeat | Self::IsCancelled => String::new(),
            Self::Latency => format!("among {children}"),
            Self::Ready | Self::Start | Self::Stop | Self::Holds | Self::Stalls => {
                format!("{children} children")
            }
            _ => format!("{children} children, {restarts} times"),
        }
    }

    /// Runs it on the present runtime.
    pub(crate) fn measure(self, side: Side, size: Size) -> Measurement {
        match (self, side) {
            (Self::Budget, _) => Box::pin(budget::measure(size)),
            (Self::Events, _) => Box::pin(events::in_a_storm(size)),
            (Self::Group, Side::Floor) => Box::pin(group::measure::<Floor>(size)),
            (Self::Group, _) => Box::pin(group::measure::<Ours>(size)),
            (Self::Handle, _) => Box::pin(query::by_handle(size)),
            (Self::Heartbeat, _) => Box::pin(calls::heartbeat(size)),
            (Self::IsCancelled, Side::Floor) => {
                Box::pin(async move { calls::is_cancelled_of_tokio(size) })
            }
            (Self::IsCancelled, _) => Box::pin(calls::is_cancelled(size)),
            (Self::Holds, _) => Box::pin(holds::measure(size)),
            (Self::Latency, _) => with_side!(side, S => Box::pin(latency::measure::<S>(size))),
            (Self::Pace, _) => Box::pin(events::paced(size)),
            (Self::Panics, Side::Floor) => Box::pin(storm::of_panics::<Floor>(size)),
            (Self::Panics, _) => Box::pin(storm::of_panics::<Ours>(size)),
            (Self::Pause, _) => Box::pin(query::pause(size)),
            (Self::Query, _) => Box::pin(query::by_name(size)),
            (Self::QueryInStorm, _) => Box::pin(query::in_a_storm(size)),
            (Self::Ready, _) => Box::pin(ready::measure(size)),
            (Self::Stalls, _) => Box::pin(stalls::measure(size)),
            (Self::Start, _) => with_side!(side, S => Box::pin(start::measure::<S>(size))),
            (Self::Stop, _) => with_side!(side, S => Box::pin(stop::measure::<S>(size))),
            (Self::Storm, _) => with_side!(side, S => Box::pin(storm::of_errors::<S>(size))),
            (Self::Subtrees, _) => Box::pin(subtrees::measure(size)),
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|workload| workload.name() == name)
            .ok_or_else(|| format!("no such workload: {name}"))
    }
}
