//! Whoever uses a deprecated function is told so, and what is generated is not.
#![deny(warnings)]

use rust_supervisor::{supervised, supervisor_tree};

#[deprecated(note = "take `feed`")]
#[supervised]
async fn old() {}

#[supervised]
#[cfg_attr(all(), deprecated)]
async fn older() {}

#[allow(deprecated)]
fn main() {
    let _ = supervisor_tree! { old(), older() };
}
