//! What happened: typed events with gapless numbers, kept in a bounded journal.

pub mod account;
pub mod command;
pub(crate) mod end;
pub mod exit;
pub mod explanation;
pub mod failure;
pub mod fold;
pub mod history;
pub(crate) mod journal;
pub mod kind;
pub(crate) mod nanos;
pub mod outcome;
pub mod snapshot;
pub mod stream;
pub mod stuck;
mod table;
mod text;
