use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { pool = "many" };
    let _wrong_type = supervisor_tree! { pool = 1.5 };
    let _set_twice = supervisor_tree! { pool, pool = 10 };
}
