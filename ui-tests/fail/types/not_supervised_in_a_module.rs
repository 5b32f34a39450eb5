use rust_supervisor::supervisor_tree;

mod risk {
    pub(crate) async fn run() {}
}

fn main() {
    let _ = supervisor_tree! { risk::run() };
}
