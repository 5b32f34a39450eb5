//! What may be asked of a running tree, and what comes back.
//!
//! Queries and commands are on [`TreeRef`](handle::TreeRef), and on
//! [`SupervisorHandle`](handle::SupervisorHandle), which keeps the tree running; commands for one
//! child have a second form on [`ChildHandle`](child::ChildHandle).
//!
//! # What a command does
//!
//! Commands are answered with what they found and did, and can be repeated: one that has nothing to
//! do says so (–). None starts a second copy of a child, whatever the first one is doing. A cell
//! says what the child is doing right after the command, and what is wanted of it then.
//!
#![doc = include_str!("commands_by_state.md")]

pub(crate) mod answer;
mod apply;
pub mod audit;
pub mod child;
pub mod command;
mod flat;
pub mod handle;
pub mod health;
mod life;
mod lookup;
#[cfg(feature = "manifest")]
mod manifest;
pub mod outcome;
mod queries;
