//! What may be asked of a running tree, and what comes back.

mod answer;
pub mod command;
pub mod handle;
mod lookup;
#[cfg(feature = "manifest")]
mod manifest;
pub mod outcome;
