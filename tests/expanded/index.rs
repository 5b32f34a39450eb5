// Written by the macros, for people to read. To write it anew:
// UPDATE_EXPECT=1 cargo test -p rust-tokio-supervisor-macros expanded && cargo fmt
#![allow(
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::pedantic
)]
//! A batch of all kinds of functions: blocking, on a thread of its own, generic.
use rust_supervisor::{RunOutcome, Supervisor, TaskContext, supervised, supervisor_tree};
use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;
#[allow(
    clippy::needless_pass_by_value,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
/// Reads what it has been lent; what it had read when it fails is gone.
///
/// # Supervision
///
/// - `blocking`: a synchronous function that runs on the blocking pool
/// - `backoff = "none"`: how long it waits before a restart, doubling
fn read(ctx: TaskContext, words: &mut Vec<&'static str>) -> Result<(), String> {
    while let Some(word) = words.pop() {
        println!("attempt {} reads {word}", ctx.attempt());
        if word == "illegible" {
            return Err(format!("cannot read {word}"));
        }
    }
    Ok(())
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum read {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl read {
    /// Declares this child with what its attempts receive.
    pub fn spec(words: Vec<&'static str>) -> ::rust_supervisor::__private::ChildSpec {
        ::rust_supervisor::__private::blocking_child::<_, Result<(), String>, _>(
            "read",
            ::rust_supervisor::__private::HearsStop::Yes,
            (::rust_supervisor::__private::lent::<Vec<&'static str>>(
                words,
            ),),
            |context, state| read(context, &mut state.0),
        )
        .backoff(::rust_supervisor::__private::Backoff::none())
    }
}

#[allow(
    clippy::unused_async,
    clippy::future_not_send,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
/// Keeps on its thread what cannot leave it.
///
/// # Supervision
///
/// - `local`: a future that is not `Send`, on a thread of its own
/// - `readiness = "completed"`: when its start counts as complete
/// - `timeout = "1m"`: how long one attempt may last
async fn count(limit: u8, total: &Cell<u8>) {
    let steps = Rc::new(Cell::new(0));
    for _ in 0..limit {
        tokio::task::yield_now().await;
        steps.set(steps.get() + 1);
    }
    total.set(steps.get());
    println!("counted to {}", total.get());
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum count {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl count {
    /// Declares this child with what its attempts receive.
    pub fn spec(limit: u8, total: Cell<u8>) -> ::rust_supervisor::__private::ChildSpec {
        let limit = ::rust_supervisor::__private::moved::<u8>(limit);
        let total = ::rust_supervisor::__private::moved::<Cell<u8>>(total);
        ::rust_supervisor::__private::borrowing_local_child(
            "count",
            ::rust_supervisor::__private::HearsStop::No,
            move |mut driver| async move {
                while driver.wanted().await {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(place, |_| async {
                            <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                count(<u8 as ::core::clone::Clone>::clone(&limit), &total).await,
                            )
                        })
                        .await;
                }
            },
        )
        .readiness(::rust_supervisor::__private::Readiness::Completed)
        .timeout(::core::time::Duration::from_secs(60))
    }
}

#[allow(clippy::unused_async)]
async fn show<T: Display + Clone + Send + Sync + 'static>(what: T, (low, high): (u8, u8)) {
    println!("{what} from {low} to {high}");
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum show {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl show {
    /// Declares this child with what its attempts receive.
    pub fn spec<T: Display + Clone + Send + Sync + 'static>(
        what: T,
        argument_2: (u8, u8),
    ) -> ::rust_supervisor::__private::ChildSpec {
        let what = ::rust_supervisor::__private::cloned::<T>(what);
        let argument_2 = ::rust_supervisor::__private::cloned::<(u8, u8)>(argument_2);
        ::rust_supervisor::__private::borrowing_child(
            "show",
            ::rust_supervisor::__private::HearsStop::No,
            move |mut driver| async move {
                while driver.wanted().await {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(place, |_| async {
                            <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                ::rust_supervisor::__private::send_unless_local(show::<T>(
                                    <T as ::core::clone::Clone>::clone(&what),
                                    <(u8, u8) as ::core::clone::Clone>::clone(&argument_2),
                                ))
                                .await,
                            )
                        })
                        .await;
                }
            },
        )
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> RunOutcome {
    Supervisor::run(
        ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new())
            .auto_shutdown(::rust_supervisor::__private::AutoShutdown::AllEnded)
            .child(<count>::spec(3, Cell::new(0)).named("count"))
            .child(
                <show>::spec("numbers", (1, 3))
                    .named("show")
                    .after(["count"])
                    .readiness(::rust_supervisor::__private::Readiness::Completed),
            )
            .child(
                <read>::spec(vec!["two", "illegible", "one"])
                    .named("read")
                    .after(["show"]),
            ),
    )
    .await
}
