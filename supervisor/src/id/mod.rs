//! Names and numbers that identify children and their attempts.

pub(crate) mod called;
pub(crate) mod path;
pub(crate) mod paths;
pub mod types;
