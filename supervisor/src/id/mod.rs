//! Names and numbers that identify children and their attempts.

pub mod types;
