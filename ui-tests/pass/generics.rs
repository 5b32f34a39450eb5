//! `spec` is as generic as the function.
#![deny(warnings)]

use std::fmt::Debug;

use rust_supervisor::{supervised, supervisor_tree};

trait Source: Clone + Send + Sync + 'static {}

impl Source for &'static str {}

#[supervised]
async fn pump<S: Source>(source: S) {
    let _ = source;
}

#[supervised]
async fn bounded<S, const N: usize>(source: S, table: [u8; N])
where
    S: Source + Debug,
{
    let _ = (source, table);
}

#[supervised]
async fn unmentioned<S: Default + Send>() {
    let _ = S::default();
}

#[supervised]
async fn anonymous(source: impl Source, shared: &(impl Send + Sync + 'static), lent: &mut (impl Send + 'static)) {
    let _ = (source, shared, lent);
}

#[supervised]
async fn both<S: Source>(source: S, other: Vec<impl Source>) {
    let _ = (source, other);
}

#[supervised]
async fn lifetimes<'a, 'b: 'a>(name: &'a String, table: &'b mut Vec<u8>) {
    let _ = (name, table);
}

#[supervised(blocking)]
fn blocking<S: Source, const N: usize>(source: S, other: impl Source) {
    let _ = (source, other, N);
}

fn main() {
    let _ = supervisor_tree! {
        pump("kafka"),
        named: pump::<&'static str>("kafka"),
        bounded("kafka", [1, 2, 3]),
        unmentioned::<u8>(),
        anonymous("kafka", String::new(), Vec::<u8>::new()),
        both("kafka", vec!["eu"]),
        lifetimes(String::new(), Vec::new()),
        blocking::<_, 3>("kafka", "eu"),
    };
}
