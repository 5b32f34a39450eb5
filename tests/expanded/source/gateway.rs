//! A tree of two levels that shows itself, starts, and stops.

use rust_supervisor::{Supervisor, SupervisorSpec, TaskContext, supervised, supervisor_tree};

/// Others wait until it says that it is there.
#[supervised(readiness = "explicit", shutdown = "10s")]
async fn database(ctx: TaskContext, url: String) -> std::io::Result<()> {
    println!("connected to {url}");
    ctx.mark_ready();
    ctx.cancelled().await;
    println!("left {url}");
    Ok(())
}

#[supervised(fuse = "5/1m", tags = ["edge"])]
async fn session(ctx: TaskContext, region: &'static str) {
    ctx.cancelled().await;
    println!("{region} is closed");
}

fn tree(url: String) -> SupervisorSpec {
    supervisor_tree! {
        strategy = "rest_for_one",
        shutdown_within = "30s",
        database(url),
        gateway: {
            after = [database],
            strategy = "one_for_all",
            intensity = "5/30s",
            eu: session("eu"),
            us: session("us") { after = [eu], backoff = "none" },
            #[cfg(any())]
            asia: session("asia"),
        },
        uploads: { pool = 1_000 },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", tree(String::new()).text());
    let handle = Supervisor::start(tree("db:5432".to_owned())).await?;
    println!("ready: {}", handle.is_ready());
    handle.shutdown().await?;
    Ok(())
}
