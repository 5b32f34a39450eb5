use std::borrow::Cow;
use std::slice::Iter;

use rust_supervisor::supervised;

#[supervised]
async fn in_a_list(names: Vec<&str>, limits: (u8, Option<&u8>)) {
    let _ = (names, limits);
}

#[supervised]
async fn in_what_is_lent(names: &mut Vec<&str>, shared: &[&str; 2]) {
    let _ = (names, shared);
}

#[supervised]
async fn by_lifetime<'a>(numbers: Iter<'_, u8>, text: Cow<'a, str>, task: Box<dyn Fn() + Send + 'a>) {
    let _ = (numbers, text, task);
}

fn main() {}
