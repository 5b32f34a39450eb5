use rust_supervisor::{ChildSpec, supervisor_tree};

fn main() {
    let extra: Vec<ChildSpec> = Vec::new();
    let _ = supervisor_tree! { billing: ..extra };
}
