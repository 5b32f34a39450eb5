use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { add = "noo" };
    let _not_a_string = supervisor_tree! { add = no };
    let _wrong_type = supervisor_tree! { add = 1 };
    let _set_twice = supervisor_tree! { add = "no", add = "yes" };
}
