//! A commented example file.
