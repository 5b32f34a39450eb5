use rust_supervisor::supervised;

#[supervised]
async fn feed(n: u8) -> Option<u8> {
    Some(n)
}

fn main() {}
