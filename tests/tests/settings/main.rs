//! What each setting does, written with the macros: one file for one setting.

use std::time::Duration;

use rust_supervisor::event::snapshot::ChildState;
use rust_supervisor::{Supervisor, SupervisorHandle, SupervisorSpec, TaskContext, supervised};
use supervisor_tests::Log;

macro_rules! settings {
    ($($(#[$path:meta])* $name:ident,)*) => {
        $($(#[$path])* mod $name;)*

        /// A new setting is a new file here.
        #[test]
        fn every_setting_has_a_file() {
            use rust_supervisor_settings::table::SETTINGS;

            let files = [$(stringify!($name).trim_start_matches("r#")),*];
            for setting in SETTINGS {
                let name = if setting.key == "crate" { "another_crate" } else { setting.key };
                assert!(files.contains(&name), "{name}");
            }
            assert_eq!(files.len(), SETTINGS.len());
        }
    };
}

settings! {
    restart, backoff, backoff_reset, fuse, shutdown, readiness, ready_within, significant, critical,
    blocking, heartbeat, timeout, stall_after, on_stuck, local, tags, template, after,
    strategy, intensity, on_exhausted, auto_shutdown, start, first_start, while_starting, pool, add,
    max_children, history, shutdown_within, another_crate,
}

const SECOND: Duration = Duration::from_secs(1);

async fn started(spec: SupervisorSpec) -> SupervisorHandle {
    Supervisor::start(spec).await.expect("the tree starts")
}

/// Waits until a child is in this state.
async fn until(handle: &SupervisorHandle, path: &str, state: ChildState) {
    let mut events = handle.events_after(0);
    while handle.snapshot_of(path).expect("the child is there").state != state {
        events.next().await.expect("the tree lives");
    }
}

/// Lives until it is asked to stop.
#[supervised]
async fn works(ctx: TaskContext, name: &'static str, log: Log) {
    let _live = log.live(name);
    ctx.cancelled().await;
}

/// Fails this often, and then lives until it is asked to stop.
#[supervised(backoff = "none")]
async fn fails(
    ctx: TaskContext,
    name: &'static str,
    log: Log,
    times: u64,
) -> Result<(), &'static str> {
    let _live = log.live(name);
    if ctx.generation().value < times {
        return Err("fails");
    }
    ctx.cancelled().await;
    Ok(())
}

/// Lives for ever, and does not look whether it is to stop.
#[supervised(backoff = "none")]
async fn never_stops(_ctx: TaskContext, name: &'static str, log: Log) {
    let _live = log.live(name);
    std::future::pending::<()>().await;
}
