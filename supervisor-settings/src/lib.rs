//! The settings of rust-tokio-supervisor: their table and their grammar.
//!
//! The attribute `#[supervised(..)]`, the macro `supervisor_tree!`, the library and the files that
//! it reads all take the same settings. This crate says once which they are ([`table`]) and how
//! their text is read, so that no two of them can drift apart. It depends on nothing.
//!
//! | written | read by | as |
//! | --- | --- | --- |
//! | `"transient"` | [`word`] | one of a closed set of words |
//! | `"5s"` | [`duration`] | a duration |
//! | `"5/30s"` | [`rate`] | so many in any window of that length |
//! | `"100ms..30s"`, `"250ms"`, `"none"` | [`range`] | the bounds of a back-off |
//! | `"10s"`, `"abort"`, `"infinity"` | [`budget`] | the time a child has to stop |
//! | `feed` | [`name`] | the name of a child |
//! | `"billing"` | [`tag`] | a word for people and filters |
//!
//! Every error names what was written and what to write instead; where it has a remedy that is
//! longer than a few words, that is a second line.

pub mod budget;
pub mod contradiction;
pub mod duration;
pub mod name;
pub mod range;
pub mod rate;
pub mod suggest;
pub mod table;
pub mod tag;
pub mod value;
pub mod word;
