use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { on_exhausted = "quarantin" };
    let _not_a_string = supervisor_tree! { on_exhausted = quarantine };
    let _wrong_type = supervisor_tree! { on_exhausted = 1 };
    let _set_twice = supervisor_tree! { on_exhausted = "quarantine", on_exhausted = "shutdown" };
}
