// Written by the macros, for people to read. To write it anew:
// UPDATE_EXPECT=1 cargo test -p rust-tokio-supervisor-macros expanded && cargo fmt
#![allow(
    unreachable_pub,
    unused_imports,
    unused_qualifications,
    clippy::pedantic
)]
//! A tree of two levels that shows itself, starts, and stops.
use rust_supervisor::{Supervisor, SupervisorSpec, TaskContext, supervised, supervisor_tree};
#[allow(clippy::unused_async)]
/// Others wait until it says that it is there.
///
/// # Supervision
///
/// - `readiness = "explicit"`: when its start counts as complete
/// - `shutdown = "10s"`: how long it may take to stop before it is dropped
async fn database(ctx: TaskContext, url: String) -> std::io::Result<()> {
    println!("connected to {url}");
    ctx.mark_ready();
    ctx.cancelled().await;
    println!("left {url}");
    Ok(())
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum database {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl database {
    /// Declares this child with what its attempts receive.
    pub fn spec(url: String) -> ::rust_supervisor::__private::ChildSpec {
        let url = ::rust_supervisor::__private::cloned::<String>(url);
        ::rust_supervisor::__private::child(
            "database",
            ::rust_supervisor::__private::HearsStop::Yes,
            move |context| {
                ::rust_supervisor::__private::attempt(
                    database(context, <String as ::core::clone::Clone>::clone(&url)),
                    |result| {
                        <std::io::Result<
                        (),
                    > as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                        result,
                    )
                    },
                )
            },
        )
        .readiness(::rust_supervisor::__private::Readiness::Explicit)
        .shutdown(::rust_supervisor::__private::Shutdown::Within(
            ::core::time::Duration::from_secs(10),
        ))
    }
}

#[allow(
    clippy::unused_async,
    clippy::borrowed_box,
    clippy::needless_pass_by_ref_mut,
    clippy::ptr_arg
)]
async fn session(ctx: TaskContext, region: &'static str) {
    ctx.cancelled().await;
    println!("{region} is closed");
}

#[doc(hidden)]
#[allow(non_camel_case_types)]
enum session {}
#[allow(clippy::all, clippy::nursery, clippy::pedantic)]
impl session {
    /// Declares this child with what its attempts receive.
    pub fn spec(region: &'static str) -> ::rust_supervisor::__private::ChildSpec {
        let region = ::rust_supervisor::__private::cloned::<&'static str>(region);
        ::rust_supervisor::__private::child(
            "session",
            ::rust_supervisor::__private::HearsStop::Yes,
            move |context| {
                ::rust_supervisor::__private::attempt(
                    session(
                        context,
                        <&'static str as ::core::clone::Clone>::clone(&region),
                    ),
                    |result| {
                        <() as ::rust_supervisor::__private::IntoTaskResult>::into_task_result(
                            result,
                        )
                    },
                )
            },
        )
        .fuse(::rust_supervisor::__private::Intensity::new(
            5,
            ::core::time::Duration::from_secs(60),
        ))
        .tags(["edge"])
    }
}

fn tree(url: String) -> SupervisorSpec {
    ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new())
        .strategy(::rust_supervisor::__private::Strategy::RestForOne)
        .shutdown_within(::core::time::Duration::from_secs(30))
        .child(<database>::spec(url).named("database"))
        .child(
            ::rust_supervisor::__private::ChildSpec::supervisor("gateway", {
                let spec =
                    ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new());
                let spec = spec.strategy(::rust_supervisor::__private::Strategy::OneForAll);
                let spec = spec.intensity(::rust_supervisor::__private::Intensity::new(
                    5,
                    ::core::time::Duration::from_secs(30),
                ));
                let spec = spec.child(<session>::spec("eu").named("eu"));
                let spec = spec.child(
                    <session>::spec("us")
                        .named("us")
                        .after(["eu"])
                        .backoff(::rust_supervisor::__private::Backoff::none()),
                );
                #[cfg(any())]
                let spec = spec.child(<session>::spec("asia").named("asia"));
                spec
            })
            .after(["database"]),
        )
        .child(::rust_supervisor::__private::ChildSpec::supervisor(
            "uploads",
            ::rust_supervisor::__private::SupervisorSpec::root(::std::vec::Vec::new()).pool(1_000),
        ))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", tree(String::new()).text());
    let handle = Supervisor::start(tree("db:5432".to_owned())).await?;
    println!("ready: {}", handle.is_ready());
    handle.shutdown().await?;
    Ok(())
}
