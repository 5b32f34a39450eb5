//! What is to run: specifications as users write them.
//!
//! A specification is checked when it is started: what runs is a plan that is known to be sound.

pub mod backoff;
pub mod child;
mod diagram;
pub mod error;
#[cfg(feature = "config")]
pub(crate) mod outline;
pub(crate) mod plan;
pub mod policy;
mod resolve;
pub mod supervisor;
