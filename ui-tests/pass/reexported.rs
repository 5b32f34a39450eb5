//! A function takes its enum along, wherever it is imported, re-exported and renamed.
#![deny(warnings)]

use rust_supervisor::{TaskContext, supervised, supervisor_tree};

mod workers {
    mod feed {
        use rust_supervisor::{TaskContext, supervised};

        #[supervised(shutdown = "1s")]
        pub(crate) async fn run(ctx: TaskContext, limit: u8) {
            let _ = (ctx, limit);
        }

        #[supervised]
        pub(in crate::workers) async fn hidden() {}

        #[supervised]
        pub(super) async fn of_the_parent() {}
    }

    pub(crate) use feed::run as poll;
    pub(crate) mod all {
        pub(crate) use super::feed::run;
    }

    pub(crate) fn tree() -> rust_supervisor::SupervisorSpec {
        rust_supervisor::supervisor_tree! { feed::hidden(), feed::of_the_parent() }
    }
}

use workers::{all::*, poll};

/// As it is written it can be called and taken as a value.
#[supervised]
async fn own(ctx: TaskContext, limit: u8) -> Result<(), String> {
    let _ = ctx;
    if limit == 0 { Err("nothing".to_owned()) } else { Ok(()) }
}

fn main() {
    let _ = supervisor_tree! {
        poll(1),
        run(2) { after = [poll] },
        other: workers::all::run(3),
        own(4),
        workers: ..workers::tree(),
    };
    let by_value = own;
    drop(by_value(TaskContext::detached(), 1));
    drop(poll(TaskContext::detached(), 1));
}
