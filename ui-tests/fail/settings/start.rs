use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { start = "concurent" };
    let _not_a_string = supervisor_tree! { start = concurrent };
    let _wrong_type = supervisor_tree! { start = 1 };
    let _set_twice = supervisor_tree! { start = "concurrent", start = "ordered" };
}
