use rust_supervisor::supervisor_tree;

mod risk {
    #[rust_supervisor::supervised]
    async fn run() {}
}

fn main() {
    let _ = supervisor_tree! { risk::run() };
}
