use rust_supervisor::supervised;

#[supervised]
async fn feed(#[cfg(unix)] path: String) {
    let _ = path;
}

fn main() {}
