//! The panic hook: notes where a supervised panic happened, and always calls the one before it.
//!
//! Alone in its process: the hook is global. (The second test starts processes of its own.)

use std::sync::atomic::{AtomicUsize, Ordering};

use rust_supervisor::event::exit::ExitKind;
use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext, panics};
use supervisor_tests::Log;

#[tokio::test(start_paused = true)]
async fn the_hook_notes_the_place_of_a_panic_and_calls_the_hook_before_it() {
    static CALLED: AtomicUsize = AtomicUsize::new(0);

    std::panic::set_hook(Box::new(|_| {
        CALLED.fetch_add(1, Ordering::SeqCst);
    }));
    panics::install();
    panics::install();
    let log = Log::new();
    let seen = log.clone();
    let child = ChildSpec::from_fn("child", move |ctx: TaskContext| {
        let log = seen.clone();
        async move {
            assert!(ctx.generation().value > 0, "the first time");
            log.write("again");
            ctx.cancelled().await;
        }
    });
    let handle = Supervisor::start(SupervisorSpec::root(vec![child]))
        .await
        .expect("starts");
    log.wait_for("again", 1).await;
    let exit = handle
        .snapshot_of("child")
        .expect("is there")
        .last_exit
        .expect("has panicked");
    let ExitKind::Panicked(panic) = &exit.kind else {
        panic!("{exit}");
    };
    let location = panic.location.as_deref().expect("the hook is installed");
    assert!(location.contains("panic_hook.rs:"), "{location}");
    assert!(exit.to_string().contains(location), "{exit}");
    let asked = std::env::var("RUST_BACKTRACE").is_ok_and(|value| value != "0");
    let backtrace = panic.backtrace.as_ref().map(ToString::to_string);
    assert_eq!(backtrace.is_some(), asked, "only where it is asked for");
    if let Some(backtrace) = backtrace {
        assert!(backtrace.contains("panic_hook"), "{backtrace}");
        let data = serde_json::to_value(panic).expect("it is data");
        assert_eq!(data["backtrace"], serde_json::json!(backtrace));
    }
    assert_eq!(CALLED.load(Ordering::SeqCst), 1);
    // A panic elsewhere is not ours: only the hook before it hears of it.
    let elsewhere = std::thread::spawn(|| panic!("not supervised")).join();
    assert!(elsewhere.is_err());
    assert_eq!(CALLED.load(Ordering::SeqCst), 2);
    handle.shutdown().await.expect("stops");
}

/// The first test in a process of its own: whether backtraces are wanted is asked once.
#[test]
fn a_backtrace_is_captured_where_the_environment_asks_for_one_and_nowhere_else() {
    for wanted in ["0", "1"] {
        let own = std::env::current_exe().expect("it runs");
        let ran = std::process::Command::new(own)
            .args([
                "--exact",
                "the_hook_notes_the_place_of_a_panic_and_calls_the_hook_before_it",
            ])
            .env("RUST_BACKTRACE", wanted)
            .env_remove("RUST_LIB_BACKTRACE")
            .output()
            .expect("it runs");
        let text = String::from_utf8_lossy(&ran.stdout);
        assert!(
            ran.status.success() && text.contains("1 passed"),
            "{wanted}: {text}"
        );
    }
}
