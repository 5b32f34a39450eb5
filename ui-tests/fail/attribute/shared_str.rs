use rust_supervisor::supervised;

#[supervised]
async fn feed(name: &str) {
    let _ = name;
}

fn main() {}
