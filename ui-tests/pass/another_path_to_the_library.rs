//! `crate` says where the library is, for those who re-export it.
#![deny(warnings)]
#![no_implicit_prelude]

extern crate rust_supervisor as renamed;

mod reexport {
    pub(crate) use ::renamed::*;
}

#[reexport::supervised(crate = "crate::reexport")]
async fn feed() {}

#[reexport::supervised(crate = "::renamed")]
async fn risk() {}

fn main() {
    let _ = reexport::supervisor_tree! {
        crate = "crate::reexport",
        feed(),
        risk(),
        nested: { feed() },
    };
}
