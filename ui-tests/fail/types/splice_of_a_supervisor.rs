use rust_supervisor::supervisor_tree;

fn main() {
    let billing = supervisor_tree! {};
    let _ = supervisor_tree! { ..billing };
}
