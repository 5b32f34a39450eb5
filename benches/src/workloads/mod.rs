//! What is measured. Each workload is written once, for whatever supervisor runs it.

mod countdown;
mod start;
mod stop;
mod storm;

use std::str::FromStr;

use crate::figure::Figure;
use crate::sides::Supervise;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Workload {
    Start,
    Stop,
    Storm,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) children: usize,
    /// In all, not for each child.
    pub(crate) restarts: usize,
}

const fn children(children: usize) -> Size {
    Size {
        children,
        restarts: 1,
    }
}

const IDLE: [Size; 3] = [children(1_000), children(10_000), children(100_000)];
const STORM: [Size; 1] = [storm_of(500_000)];

const fn storm_of(restarts: usize) -> Size {
    Size {
        children: 100,
        restarts,
    }
}

impl Workload {
    pub(crate) const ALL: [Self; 3] = [Self::Start, Self::Stop, Self::Storm];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Storm => "storm",
        }
    }

    /// The sizes in which it is compared.
    pub(crate) const fn sizes(self) -> &'static [Size] {
        match self {
            Self::Start | Self::Stop => &IDLE,
            Self::Storm => &STORM,
        }
    }

    pub(crate) fn largest(self) -> Size {
        let sizes = self.sizes();
        sizes[sizes.len() - 1]
    }

    /// Two lengths whose difference is counted; the shorter one fills every ring.
    pub(crate) const fn lengths(self) -> [Size; 2] {
        match self {
            Self::Start | Self::Stop => [children(20_000), children(40_000)],
            Self::Storm => [storm_of(20_000), storm_of(60_000)],
        }
    }

    /// How many times a run of this size does what is counted.
    pub(crate) const fn units(self, size: Size) -> usize {
        match self {
            Self::Start | Self::Stop => size.children,
            Self::Storm => size.restarts,
        }
    }

    /// What a count of its instructions is a count of.
    pub(crate) const fn counted(self) -> &'static str {
        match self {
            Self::Start => "start of one idle child",
            Self::Stop => "start and stop of one idle child",
            Self::Storm => "one restart in a storm of errors",
        }
    }

    pub(crate) fn describe(self, size: Size) -> String {
        let Size { children, restarts } = size;
        match self {
            Self::Start | Self::Stop => format!("{children} idle children"),
            Self::Storm => format!("{restarts} restarts of {children} children"),
        }
    }

    pub(crate) async fn measure<S: Supervise>(self, size: Size) -> Vec<Figure> {
        match self {
            Self::Start => start::measure::<S>(size).await,
            Self::Stop => stop::measure::<S>(size).await,
            Self::Storm => storm::measure::<S>(size).await,
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
