//! Nothing that is generated collides with what the user calls things.
#![deny(warnings)]
#![no_implicit_prelude]

use ::rust_supervisor::{TaskContext, supervised, supervisor_tree};

mod core {}
mod std {}
mod rust_supervisor {}

#[allow(dead_code)]
struct Vec;
#[allow(dead_code)]
struct ChildSpec;
#[allow(dead_code)]
struct Some;
#[allow(dead_code)]
trait Clone {
    fn clone(&self) {}
}
impl<T> Clone for T {}

const GRACE: ::core::time::Duration = ::core::time::Duration::from_secs(1);

#[supervised(shutdown = GRACE)]
async fn driver(driver: u8, place: &u8, state: &mut u8, spec: u8, context: TaskContext) {
    let _ = (driver, place, state, spec, context);
}

#[supervised(blocking)]
fn state(ctx: TaskContext, state: u8, context: &u8, context_: &mut u8) {
    let _ = (ctx, state, context, context_);
}

#[supervised]
async fn own_name(own_name: u8) {
    let _ = own_name;
}

/// A parameter does not hide what the settings refer to.
#[supervised(backoff = grace())]
async fn parameter_of_that_name(grace: u8) {
    let _ = grace;
}

fn grace() -> ::core::time::Duration {
    GRACE
}

fn main() {
    let spec = 1;
    let _ = supervisor_tree! {
        driver(spec, 2, 3, 4),
        state(spec, 2, 3),
        #[cfg(all())]
        own_name(spec),
        parameter_of_that_name(spec),
    };
}
