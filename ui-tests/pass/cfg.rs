//! What is conditional is there or not, together with all that belongs to it.
#![deny(warnings)]
#![allow(unexpected_cfgs)]

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

#[supervised]
#[cfg(absent)]
async fn above(missing: Missing) {}

#[cfg(absent)]
#[supervised]
async fn below(missing: Missing) {}

#[cfg_attr(all(), supervised(backoff = "10s"))]
async fn by_attribute() {}

#[cfg_attr(all(), cfg(absent), allow(dead_code))]
#[supervised]
async fn by_condition_in_attribute(missing: Missing) {}

#[supervised]
#[cfg_attr(all(), inline, must_use = "the fn, not the enum")]
async fn other_attributes() {}

fn main() {
    let _ = supervisor_tree! {
        #[cfg(absent)]
        strategy = "one_for_all",
        #[cfg(not(absent))]
        strategy = "rest_for_one",
        /// A comment in the form of documentation.
        feed(),
        #[cfg(absent)]
        eu: missing(),
        #[cfg(not(absent))]
        eu: by_attribute() {
            after = [feed],
        },
        us: other_attributes() {
            after = [eu],
            #[cfg(absent)]
            critical = false,
        },
        #[cfg(absent)]
        gateway: { missing() },
        #[cfg(not(absent))]
        gateway: {
            #[cfg(absent)]
            restart = "temporary",
            #[cfg(absent)]
            missing(),
            feed() {},
        },
        #[cfg(absent)]
        ..missing,
    };
    // One condition for all of it.
    let _ = supervisor_tree! { #[cfg(absent)] missing() };
}
