// Written by the macros, for people to read. To write it anew:
// UPDATE_EXPECT=1 cargo test -p rust-tokio-supervisor-macros expanded && cargo fmt
#![allow(
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::pedantic
)]
//! The quick start: two children, one of which panics now and then.
use rust_supervisor::{RunOutcome, Supervisor, TaskContext, supervised, supervisor_tree};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::sleep;
#[allow(clippy::unused_async)]
async fn counter(ctx: TaskContext, pause: Duration, numbers: mpsc::Sender<u32>) {
    let mut number = 0;
    while ctx.until_cancelled(sleep(pause)).await.is_some() {
        number += 1;
        let _ = numbers.send(number).await;
    }
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum counter {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl counter {
    /// Declares this child with what its attempts receive.
    pub fn spec(
        pause: Duration,
        numbers: mpsc::Sender<u32>,
    ) -> ::rust_supervisor::__private::ChildSpec {
        let pause = ::rust_supervisor::__private::cloned::<Duration>(pause);
        let numbers = ::rust_supervisor::__private::cloned::<mpsc::Sender<u32>>(numbers);
        ::rust_supervisor::__private::child(
            "counter",
            ::rust_supervisor::__private::HearsStop::Yes,
            move |context| {
                ::rust_supervisor::__private::attempt(
                    counter(
                        context,
                        <Duration as ::core::clone::Clone>::clone(&pause),
                        <mpsc::Sender<u32> as ::core::clone::Clone>::clone(&numbers),
                    ),
                    |result| {
                        <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                            result,
                        )
                    },
                )
            },
        )
    }
}

#[allow(
    clippy::unused_async,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
async fn printer(numbers: &mut mpsc::Receiver<u32>) {
    println!("ready to print");
    while let Some(number) = numbers.recv().await {
        println!("{number}");
        assert!(number % 5 != 0, "{number} is too much for me");
    }
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum printer {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl printer {
    /// Declares this child with what its attempts receive.
    pub fn spec(numbers: mpsc::Receiver<u32>) -> ::rust_supervisor::__private::ChildSpec {
        let mut numbers = ::rust_supervisor::__private::lent::<mpsc::Receiver<u32>>(numbers);
        ::rust_supervisor::__private::borrowing_child(
            "printer",
            ::rust_supervisor::__private::HearsStop::No,
            move |mut driver| async move {
                while driver.wanted().await {
                    let place = ::core::pin::pin!(::core::option::Option::None);
                    driver
                        .attempt(place, |_| async {
                            <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                                ::rust_supervisor::__private::send_unless_local(printer(
                                    &mut numbers,
                                ))
                                .await,
                            )
                        })
                        .await;
                }
            },
        )
        .backoff(::rust_supervisor::__private::Backoff::exponential(
            ::core::time::Duration::from_millis(100),
            ::core::time::Duration::from_secs(5),
        ))
    }
}

#[tokio::main]
async fn main() -> RunOutcome {
    let (sender, receiver) = mpsc::channel(8);
    Supervisor::run(
        ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new())
            .child(<printer>::spec(receiver).named("printer"))
            .child(
                <counter>::spec(Duration::from_millis(200), sender)
                    .named("counter")
                    .after(["printer"]),
            ),
    )
    .await
}
