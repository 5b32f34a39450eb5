//! Where the library is, if it has another name.

use super::*;

pub(crate) mod reexport {
    pub(crate) use rust_supervisor::*;
}

#[reexport::supervised(crate = "crate::another_crate::reexport", shutdown = "1s")]
async fn child(ctx: TaskContext, log: Log) {
    let _live = log.live("child");
    ctx.cancelled().await;
}

#[tokio::test]
async fn what_is_written_speaks_to_it_there() {
    let log = Log::new();
    let handle = started(reexport::supervisor_tree! {
        crate = "crate::another_crate::reexport",
        child(log.clone()),
    })
    .await;
    log.wait_for("+child", 1).await;
    handle.shutdown().await.expect("stops");
    assert_eq!(log.lines(), ["+child", "-child"]);
}
