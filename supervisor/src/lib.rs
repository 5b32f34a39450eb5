//! Supervision trees for tokio, declared with macros.
