use rust_supervisor::supervisor_tree;

fn main() {
    let _unknown_word = supervisor_tree! { while_starting = "interupt" };
    let _not_a_string = supervisor_tree! { while_starting = interrupt };
    let _wrong_type = supervisor_tree! { while_starting = 1 };
    let _set_twice = supervisor_tree! { while_starting = "interrupt", while_starting = "wait" };
}
