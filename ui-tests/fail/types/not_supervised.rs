use rust_supervisor::supervisor_tree;

async fn feed() {}

fn main() {
    drop(feed());
    let _ = supervisor_tree! { feed() };
}
