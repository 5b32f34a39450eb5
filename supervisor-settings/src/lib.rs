//! The settings of rust-tokio-supervisor: their table and their grammar.
