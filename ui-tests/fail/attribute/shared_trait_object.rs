use rust_supervisor::supervised;

#[supervised]
async fn feed(sink: &(dyn Fn() + Send + Sync)) {
    sink();
}

fn main() {}
