//! What is to run: specifications as users write them, and the plan that is known to be sound.

pub mod backoff;
pub mod child;
pub mod error;
pub(crate) mod plan;
pub mod policy;
pub mod supervisor;
