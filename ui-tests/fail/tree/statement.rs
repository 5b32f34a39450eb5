use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed(n: u8) {
    let _ = n;
}

fn main() {
    let extra = true;
    let _ = supervisor_tree! {
        feed(1),
        if extra { feed(2) },
        for n in 0..3 { feed(n) },
        gateway: { let n = 4, feed(4) },
    };
}
