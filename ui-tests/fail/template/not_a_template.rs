use rust_supervisor::{supervised, templates};

#[supervised]
async fn feed(url: String) {
    let _ = url;
}

fn main() {
    let _ = templates![feed];
}
