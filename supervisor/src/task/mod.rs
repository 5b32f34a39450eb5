//! The code of children: what an attempt is given, and what it may return.

pub mod argument;
pub(crate) mod attempt;
pub mod context;
pub mod factory;
pub(crate) mod launch;
pub mod outcome;
pub mod start_reason;
pub mod subtask;
