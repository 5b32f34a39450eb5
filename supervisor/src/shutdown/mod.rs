//! How a tree comes down: its phases, and the report.

pub mod report;
pub mod stage;
