//! Functions, types and trees may all be local.
#![deny(warnings)]

use rust_supervisor::{supervised, supervisor_tree};

async fn load() -> Result<u8, String> {
    Ok(1)
}

fn main() {
    #[derive(Clone)]
    struct Local;

    #[supervised]
    async fn feed(local: Local, shared: &Local, limit: u8) {
        let _ = (local, shared, limit);
    }

    let tree = async {
        Ok::<_, String>(supervisor_tree! {
            feed(Local, Local, load().await?),
            #[cfg(all())]
            other: feed(Local, Local, load().await?),
        })
    };
    drop(tree);
}
