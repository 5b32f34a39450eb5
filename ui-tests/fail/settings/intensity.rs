use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { intensity = "often" };
    let _wrong_type = supervisor_tree! { intensity = 'a' };
    let _missing_unit = supervisor_tree! { intensity = "5/30" };
    let _zero_window = supervisor_tree! { intensity = "5/0s" };
    let _set_twice = supervisor_tree! { intensity = "5/30s", intensity = "6/30s" };
}
