//! Whatever a supervisor understands as an outcome can be returned.
#![deny(warnings)]

use std::fmt;
use std::io;

use rust_supervisor::{IntoTaskResult, TaskResult, supervised, supervisor_tree};

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[supervised]
async fn nothing() {}

#[supervised]
async fn unit() -> () {}

#[supervised]
async fn never() -> ! {
    loop {
        std::future::pending::<()>().await;
    }
}

#[supervised]
async fn result() -> TaskResult {
    TaskResult::Succeeded
}

#[supervised]
async fn plain_error() -> Result<(), fmt::Error> {
    Ok(())
}

#[supervised]
async fn text() -> Result<(), String> {
    Ok(())
}

#[supervised]
async fn io_error() -> io::Result<()> {
    Ok(())
}

#[supervised]
async fn alias() -> Outcome {
    Ok(())
}

#[supervised]
async fn hidden() -> impl IntoTaskResult {
    Ok::<(), String>(())
}

#[supervised(blocking)]
fn blocking_never() -> ! {
    loop {
        std::thread::park();
    }
}

#[supervised(blocking)]
fn blocking_error() -> io::Result<()> {
    Ok(())
}

#[supervised(blocking)]
fn blocking_hidden() -> impl IntoTaskResult {}

fn main() {
    let _ = supervisor_tree! {
        nothing(),
        unit(),
        never(),
        result(),
        plain_error(),
        text(),
        io_error(),
        alias(),
        hidden(),
        blocking_never(),
        blocking_error(),
        blocking_hidden(),
    };
}
