//! The programs of this package, started and driven as their users would.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests are not supervised")]

mod client;
mod configured;
mod crash;
mod events;
mod jobs;
mod process;
mod quickstart;
mod start;
mod stop;
