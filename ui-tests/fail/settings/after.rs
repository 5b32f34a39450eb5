use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn feed() {}

fn main() {
    let _unknown_word = supervisor_tree! { feed(), late: feed() { after = [feeed] } };
    let _wrong_type = supervisor_tree! { feed(), late: feed() { after = "feed" } };
    let _of_wrong_type = supervisor_tree! { feed(), late: feed() { after = [1] } };
    let _no_value = supervisor_tree! { feed(), late: feed() { after } };
    let _set_twice = supervisor_tree! { feed(), late: feed() { after = [feed], after = [feed] } };
}
