use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { history = "ten" };
    let _wrong_type = supervisor_tree! { history = true };
    let _no_value = supervisor_tree! { history };
    let _set_twice = supervisor_tree! { history = 10, history = 20 };
}
