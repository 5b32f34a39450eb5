use rust_supervisor::supervised;

#[supervised(template)]
async fn pump<S: Clone + Send + Sync + 'static>(source: S) {
    let _ = source;
}

fn main() {}
