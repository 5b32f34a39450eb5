//! A raw identifier is the word without its prefix.
#![deny(warnings)]

use rust_supervisor::{supervised, supervisor_tree};

#[supervised]
async fn r#type(r#match: u8, r#in: &u8, r#mut: &mut u8) {
    let _ = (r#match, r#in, r#mut);
}

fn main() {
    assert_eq!(r#type::spec(1, 2, 3).id().to_string(), "type");
    let _ = supervisor_tree! {
        r#type(1, 2, 3),
        r#fn: r#type(1, 2, 3) { after = [r#type] },
    };
}
