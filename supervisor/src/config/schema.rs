//! The JSON Schema of a tree file.
