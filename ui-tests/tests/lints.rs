//! Nothing that is generated warns in the user's crate, whatever the user asks to be warned of.
//!
//! Clippy looks at this file like at any other, so the test is that it compiles under it. The
//! functions allow what they provoke: that must hold for what is generated from them, too.
#![deny(
    deprecated,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    let_underscore_drop,
    missing_docs,
    private_bounds,
    private_interfaces,
    redundant_lifetimes,
    single_use_lifetimes,
    trivial_casts,
    unit_bindings,
    unnameable_types,
    unreachable_code,
    unreachable_pub,
    unused,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    warnings,
    clippy::all,
    clippy::nursery,
    clippy::pedantic
)]
// What a test binary has is not part of an interface; the functions here are empty on purpose.
#![allow(unused_results, clippy::missing_const_for_fn)]
#![forbid(unsafe_code)]

use std::collections::{HashMap, LinkedList};
use std::time::Duration;

use rust_supervisor::{SupervisorSpec, TaskContext, TaskResult, supervised, supervisor_tree};

const QUICK: Duration = Duration::from_millis(500);

async fn tick() {
    std::future::ready(()).await;
}

/// Public, documented, with the units that clippy would write otherwise.
#[supervised(
    shutdown = "60s",
    backoff = "1000ms..3600s",
    readiness = "explicit",
    ready_within = "1h",
    fuse = "0/60s",
    heartbeat = "60s",
    timeout = "24h",
    stall_after = "1000ms",
    on_stuck = "escalate",
    tags = ["units"]
)]
pub async fn units(ctx: TaskContext) {
    ctx.mark_ready();
    tick().await;
}

/// What is allowed here leaves alone what the user expects.
#[supervised]
#[expect(clippy::unused_async)]
async fn expected() {}

#[expect(clippy::unused_async)]
#[supervised]
async fn expected_above() {}

#[supervised]
#[allow(clippy::fn_params_excessive_bools)]
async fn bools(a: bool, b: bool, c: bool, d: bool) {
    tick().await;
    let _ = (a, b, c, d);
}

#[supervised]
#[allow(clippy::many_single_char_names, clippy::too_many_arguments)]
async fn arguments(a: u8, b: u8, c: u8, d: u8, e: &u8, f: &u8, g: &mut u8, h: &mut u8) {
    tick().await;
    let _ = (a, b, c, d, e, f, g, h);
}

#[supervised]
#[allow(clippy::type_complexity)]
async fn complex(
    table: &Vec<Box<dyn Fn(Option<Vec<Result<u8, String>>>) -> Vec<u8> + Send + Sync>>,
) {
    tick().await;
    let _ = table;
}

#[supervised]
#[allow(
    clippy::implicit_hasher,
    clippy::linkedlist,
    clippy::option_option,
    clippy::many_single_char_names
)]
async fn collections(
    a: HashMap<u8, u8>,
    b: &HashMap<u8, u8>,
    c: &LinkedList<u8>,
    d: Option<Option<u8>>,
    e: &Vec<u8>,
) {
    tick().await;
    drop((a, b, c, d, e));
}

#[supervised]
#[allow(clippy::box_collection, clippy::boxed_local, clippy::vec_box)]
async fn boxes(a: Box<u8>, b: Box<Vec<u8>>, c: Vec<Box<u8>>) {
    tick().await;
    drop((a, b, c));
}

#[supervised]
#[allow(
    clippy::large_futures,
    clippy::large_stack_frames,
    clippy::large_types_passed_by_value
)]
async fn large(block: [u64; 512]) {
    tick().await;
    let _ = block;
}

#[supervised]
async fn units_of_nothing(a: (), b: &(), c: &mut Option<()>) {
    tick().await;
    let () = a;
    let () = *b;
    *c = None;
}

#[supervised]
async fn underscores(_a: u8, _b: &u8, _c: &mut u8, _: u8) {
    tick().await;
}

#[supervised]
async fn lifetimes<'a>(a: &'a u8, b: &'a mut u8) {
    tick().await;
    let _ = (a, b);
}

#[supervised(restart = "permanent")]
async fn never(ctx: TaskContext) -> ! {
    drop(ctx);
    std::future::pending().await
}

#[supervised(local)]
async fn local_future(ctx: TaskContext, a: u8, b: &std::cell::Cell<u8>, c: &mut u8) {
    let shared = std::rc::Rc::new(a);
    tick().await;
    *c = *shared;
    b.set(*shared);
    drop(ctx);
}

#[supervised(blocking)]
fn blocking(ctx: TaskContext, state: &mut u8) -> TaskResult {
    drop(ctx);
    *state += 1;
    TaskResult::Succeeded
}

/// By value, because the attribute wants it so.
#[supervised(blocking)]
fn blocking_by_value(ctx: TaskContext, words: String, table: Vec<u8>) {
    let _ = (ctx.is_cancelled(), words.len(), table.len());
}

/// Asynchronous, because the attribute wants it so.
#[supervised]
async fn nothing_to_await(limit: u8) {
    let _ = limit;
}

#[supervised(blocking)]
fn blocking_never() -> ! {
    std::process::exit(1)
}

#[supervised]
async fn generic<S: Clone + Send + Sync + 'static, const N: usize>(
    source: S,
    other: impl Fn() + Clone + Send + Sync + 'static,
) {
    tick().await;
    other();
    drop((source, N));
}

mod inner {
    #![allow(clippy::redundant_pub_crate)]

    #[rust_supervisor::supervised]
    pub(super) async fn narrow() {
        super::tick().await;
    }
}

#[deprecated]
#[supervised]
async fn old() {
    tick().await;
}

fn tree() -> SupervisorSpec {
    let before = 1;

    #[supervised]
    #[allow(clippy::items_after_statements)]
    async fn local(limit: u8) {
        tick().await;
        let _ = limit;
    }

    #[allow(deprecated)]
    let old = supervisor_tree! { old() };
    supervisor_tree! {
        intensity = "5/60s",
        on_exhausted = "quarantine",
        shutdown_within = "60s",
        local_future(1, std::cell::Cell::new(1), 2) { tags = [] },
        units(),
        bools(true, false, true, false) { shutdown = QUICK },
        expected(),
        expected_above(),
        arguments(1, 2, 3, 4, 5, 6, 7, 8),
        complex(Vec::new()),
        collections(HashMap::new(), HashMap::new(), LinkedList::new(), None, Vec::new()),
        boxes(Box::new(1), Box::default(), Vec::new()),
        large([0; 512]),
        units_of_nothing((), (), None),
        underscores(1, 2, 3, 4),
        lifetimes(1, 2),
        never() { after = [units] },
        gateway: {
            strategy = "one_for_all",
            blocking(1),
            #[cfg(all())]
            blocking_never(),
            generic::<u8, 3>(1, || {}),
        },
        inner::narrow(),
        blocking_by_value(String::new(), Vec::new()),
        nothing_to_await(1),
        local(before),
        old: ..old,
    }
}

#[test]
fn nothing_that_is_generated_warns() {
    drop(tree());
}
