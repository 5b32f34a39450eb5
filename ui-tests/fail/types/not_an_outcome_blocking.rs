use rust_supervisor::supervised;

#[supervised(blocking)]
fn feed(n: u8) -> Option<u8> {
    Some(n)
}

fn main() {}
