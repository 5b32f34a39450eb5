//! One figure of one run, as it travels from the process that measured it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    /// What was measured, and in which unit.
    pub(crate) what: String,
    pub(crate) value: f64,
}

impl Figure {
    pub(crate) fn new(what: &str, value: f64) -> Self {
        Self {
            what: what.to_owned(),
            value,
        }
    }

    /// A duration as nanoseconds for each of so many.
    pub(crate) fn nanos(what: &str, took: Duration, of: usize) -> Self {
        Self::new(what, took.as_nanos() as f64 / of as f64)
    }
}

impl Figure {
    /// Of values in order.
    pub(crate) fn percentile(what: &str, sorted: &[u64], percent: usize) -> Self {
        let place = (sorted.len() - 1) * percent / 100;
        Self::new(what, sorted[place] as f64)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} {}", self.value, self.what)
    }
}

impl FromStr for Figure {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        line.split_once(' ')
            .and_then(|(value, what)| Some(Self::new(what, value.parse().ok()?)))
            .ok_or_else(|| format!("not a figure: {line}"))
    }
}
