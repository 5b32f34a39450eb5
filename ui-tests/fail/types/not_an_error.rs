use rust_supervisor::supervised;

struct Reason;

#[supervised]
async fn feed() -> Result<(), Reason> {
    Err(Reason)
}

fn main() {}
