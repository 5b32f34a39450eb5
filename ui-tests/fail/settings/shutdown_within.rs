use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { shutdown_within = "soon" };
    let _wrong_type = supervisor_tree! { shutdown_within = true };
    let _missing_unit = supervisor_tree! { shutdown_within = "5" };
    let _unknown_unit = supervisor_tree! { shutdown_within = "5sec" };
    let _zero = supervisor_tree! { shutdown_within = "0s" };
    let _set_twice = supervisor_tree! { shutdown_within = "5s", shutdown_within = "6s" };
}
