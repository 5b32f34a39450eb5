//! Which siblings a restart takes along; `tests/group_restart.rs` has the rest.

use rust_supervisor::supervisor_tree;

use super::*;

#[supervised(backoff = "none")]
async fn fails_later(ctx: TaskContext, log: Log) -> Result<(), &'static str> {
    let _live = log.live("b");
    if ctx.generation().value == 0 {
        tokio::time::sleep(SECOND).await;
        return Err("fails");
    }
    ctx.cancelled().await;
    Ok(())
}

/// How often each of `a`, `b` and `c` has started after `b` has failed once.
macro_rules! starts {
    ($strategy:literal) => {{
        let log = Log::new();
        let handle = started(supervisor_tree! {
            strategy = $strategy,
            a: works("a", log.clone()),
            b: fails_later(log.clone()),
            c: works("c", log.clone()),
            d: works("d", log.clone()) { after = [b] },
        })
        .await;
        log.wait_for("+b", 2).await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(log.most_alive(), 1);
        handle.shutdown().await.expect("stops");
        ["+a", "+b", "+c", "+d"].map(|line| log.count(line))
    }};
}

#[tokio::test(start_paused = true)]
async fn each_takes_along_its_own() {
    assert_eq!(starts!("one_for_one"), [1, 2, 1, 1]);
    assert_eq!(starts!("one_for_all"), [2, 2, 2, 2]);
    assert_eq!(starts!("rest_for_one"), [1, 2, 2, 2]);
    assert_eq!(starts!("dependents"), [1, 2, 1, 2]);
}
