//! What may be asked of a running tree, and what comes back.

mod answer;
pub mod audit;
pub mod command;
mod flat;
pub mod handle;
mod life;
mod lookup;
#[cfg(feature = "manifest")]
mod manifest;
pub mod outcome;
mod queries;
