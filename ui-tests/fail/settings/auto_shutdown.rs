use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { auto_shutdown = "newer" };
    let _not_a_string = supervisor_tree! { auto_shutdown = never };
    let _wrong_type = supervisor_tree! { auto_shutdown = 1 };
    let _set_twice = supervisor_tree! { auto_shutdown = "never", auto_shutdown = "all_ended" };
}
