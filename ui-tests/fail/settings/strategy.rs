use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { strategy = "one_for_al" };
    let _not_a_string = supervisor_tree! { strategy = one_for_all };
    let _wrong_type = supervisor_tree! { strategy = 1 };
    let _set_twice = supervisor_tree! { strategy = "one_for_all", strategy = "one_for_one" };
}
