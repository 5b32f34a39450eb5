use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { max_children = "ten" };
    let _wrong_type = supervisor_tree! { max_children = true };
    let _no_value = supervisor_tree! { max_children };
    let _set_twice = supervisor_tree! { max_children = 10, max_children = 20 };
}
