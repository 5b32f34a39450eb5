//! Starting and running a tree: the thin shell around the machine, on tokio.
//!
//! The machine lives behind one lock that whoever has news takes for a moment (`tree`). What it
//! wants of a child is the state of one atomic word (`slot`), which the child's own task reads
//! (`driver`). One task for each tree keeps the time (`timekeeper`),
//! and one thread of the process sees to it that such tasks are run in time (`nudge`).

pub(crate) mod attempt;
pub(crate) mod blocking;
pub(crate) mod core;
pub(crate) mod current;
pub(crate) mod driver;
mod effects;
mod guards;
#[cfg(all(
    unix,
    feature = "signal",
    any(feature = "config-toml", feature = "config-yaml")
))]
mod hangup;
#[cfg(feature = "__measure")]
pub(crate) mod holds;
pub(crate) mod lifecycle;
pub(crate) mod local;
pub(crate) mod member;
#[cfg(all(test, supervisor_loom))]
mod models;
mod nudge;
pub mod outcome;
mod places;
mod records;
pub(crate) mod rehearse;
mod relay;
mod rest;
#[cfg(feature = "signal")]
mod signals;
mod slice;
pub(crate) mod slot;
pub(crate) mod snapshot;
mod starved;
pub(crate) mod subtasks;
pub mod supervisor;
pub(crate) mod sync;
mod timekeeper;
pub(crate) mod tree;
pub(crate) mod wait;
mod watchdog;

#[cfg(test)]
mod tests;
