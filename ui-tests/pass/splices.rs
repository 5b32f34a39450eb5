//! Children that are declared somewhere else.
#![deny(warnings)]

use rust_supervisor::{ChildSpec, SupervisorSpec, supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn one() -> ChildSpec {
    feed::spec().named("one")
}

fn billing() -> SupervisorSpec {
    supervisor_tree! { feed() }
}

fn main() {
    let few = vec![one(), feed::spec().named("another-one")];
    let perhaps: Option<ChildSpec> = None;
    let _ = supervisor_tree! {
        ..one(),
        ..few,
        ..perhaps,
        ..(1..=3).map(|n| feed::spec().named(format!("feed-{n}"))),
        billing: ..billing(),
        "named-2": ..one(),
        // Which names a splice brings is not known here.
        feed() { after = [one, "another-one", billing] },
    };
}
