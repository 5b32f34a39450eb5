//! The form of a parameter says what `spec` takes for it.
#![deny(warnings)]

use rust_supervisor::{ChildSpec, TaskContext, supervised};

#[derive(Clone)]
struct Config;
struct Cache;
struct Queue;

#[supervised]
async fn none() {}

#[supervised]
async fn context(ctx: TaskContext) {
    drop(ctx);
}

#[supervised]
async fn all(config: Config, cache: &Cache, ctx: rust_supervisor::TaskContext, queue: &mut Queue) {
    let _ = (config, cache, ctx, queue);
}

#[supervised]
async fn copied(name: &'static str, table: &'static [u8]) {
    let _ = (name, table);
}

#[supervised]
async fn patterns((low, high): (u8, u8), [first, ..]: [u8; 4], _: String, mut count: u8) {
    count += low + high + first;
    let _ = count;
}

#[supervised]
async fn borrowed_vec(names: &Vec<String>, queue: &mut Vec<u8>, boxed: &Box<dyn Fn() + Send + Sync>) {
    let _ = (names, queue, boxed);
}

#[supervised(blocking)]
fn blocking(config: Config, cache: &Cache, ctx: TaskContext, queue: &mut Queue) {
    let _ = (config, cache, ctx, queue);
}

#[supervised(blocking)]
fn blocking_without_context(queue: &mut Queue) {
    let _ = queue;
}

#[supervised(blocking)]
fn blocking_without_anything() {}

fn main() {
    let _: ChildSpec = none::spec();
    let _: ChildSpec = context::spec();
    let _: ChildSpec = all::spec(Config, Cache, Queue);
    let _: ChildSpec = copied::spec("eu", &[1, 2]);
    let _: ChildSpec = patterns::spec((1, 2), [0; 4], String::new(), 3);
    let _: ChildSpec = borrowed_vec::spec(Vec::new(), Vec::new(), Box::new(|| {}));
    let _: ChildSpec = blocking::spec(Config, Cache, Queue);
    let _: ChildSpec = blocking_without_context::spec(Queue);
    let _: ChildSpec = blocking_without_anything::spec();
}
