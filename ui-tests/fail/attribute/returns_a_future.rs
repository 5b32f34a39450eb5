use std::future::Future;

use rust_supervisor::supervised;

#[supervised]
fn feed(n: u8) -> impl Future<Output = ()> + Send {
    async move {
        let _ = n;
    }
}

fn main() {}
