//! The macros of rust-tokio-supervisor.
