use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { first_start = "fial" };
    let _not_a_string = supervisor_tree! { first_start = fail };
    let _wrong_type = supervisor_tree! { first_start = 1 };
    let _set_twice = supervisor_tree! { first_start = "fail", first_start = "retry" };
}
