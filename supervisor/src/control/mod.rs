//! What may be asked of a running tree, and what comes back.

pub(crate) mod answer;
mod apply;
pub mod audit;
pub mod child;
pub mod command;
mod flat;
pub mod handle;
mod life;
mod lookup;
#[cfg(feature = "manifest")]
mod manifest;
pub mod outcome;
mod queries;
