//! What can go wrong, for those who start and operate a tree.

pub mod types;
