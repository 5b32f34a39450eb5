//! A service whose tree is described by a file, and reloaded from it on SIGHUP.
//!
//! ```console
//! $ cargo run -p supervisor-examples --bin configured -- examples/configured/tree.yaml
//! $ cargo run -p supervisor-examples --bin configured -- --example
//! $ cargo run -p supervisor-examples --bin configured -- --schema
//! ```

use std::process::{ExitCode, Termination};
use std::time::Duration;

use rust_supervisor::config::example::{Format, example};
use rust_supervisor::config::file::TreeFile;
use rust_supervisor::config::schema::schema;
use rust_supervisor::template::{Template, Templates};
use rust_supervisor::{ChildSpec, Supervisor, TaskContext, supervised, templates};
use serde::Deserialize;
use tokio::sync::broadcast;

/// Prints what it hears, behind a prefix.
#[supervised]
async fn printer(ctx: TaskContext, prefix: String, shouts: bool, heard: broadcast::Sender<String>) {
    let mut heard = heard.subscribe();
    println!("{} starts with {prefix:?}", ctx.path());
    while let Some(Ok(line)) = ctx.until_cancelled(heard.recv()).await {
        let line = if shouts { line.to_uppercase() } else { line };
        println!("{prefix}{line}");
    }
    println!("{} stops", ctx.path());
}

/// What a file says of a printer.
#[derive(Deserialize)]
struct Printer {
    prefix: String,
    #[serde(default)]
    shouts: bool,
}

/// Counts for itself, as a child of its own that needs nothing from code.
#[supervised(template)]
async fn counter(ctx: TaskContext, every: u64) {
    println!("{} starts", ctx.path());
    let pause = Duration::from_millis(every);
    let mut count = 0_u64;
    while ctx
        .until_cancelled(tokio::time::sleep(pause))
        .await
        .is_some()
    {
        count += 1;
        println!("{}: {count}", ctx.path());
    }
}

/// The templates that the file may name. Two of them need something that no file can hand over.
fn all() -> Templates {
    #[derive(Deserialize)]
    struct Ticker {
        text: String,
        every: u64,
    }

    let (lines, _) = broadcast::channel(16);
    let heard = lines.clone();
    let printer = Template::new("printer", move |file: Printer| {
        printer::spec(file.prefix, file.shouts, heard.clone())
    });
    let ticker = Template::new("ticker", move |file: Ticker| {
        let (lines, pause) = (lines.clone(), Duration::from_millis(file.every));
        ChildSpec::from_fn("ticker", move |ctx: TaskContext| {
            let (lines, text) = (lines.clone(), file.text.clone());
            async move {
                println!("{} starts with {text:?}", ctx.path());
                while ctx
                    .until_cancelled(tokio::time::sleep(pause))
                    .await
                    .is_some()
                {
                    // Nobody listens while the printers start anew.
                    let _ = lines.send(text.clone());
                }
                println!("{} stops", ctx.path());
            }
        })
    });
    templates![counter].with(printer).with(ticker)
}

#[tokio::main]
async fn main() -> ExitCode {
    let templates = all();
    let argument = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "tree.yaml".to_owned());
    match argument.as_str() {
        "--example" => print!("{}", example(Format::Yaml, &templates)),
        "--schema" => println!("{:#}", schema(&templates)),
        path => return run(path, templates).await,
    }
    ExitCode::SUCCESS
}

async fn run(path: &str, templates: Templates) -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_writer(std::io::stderr)
        .init();
    let spec = match TreeFile::load(path).and_then(|file| file.tree(templates)) {
        Ok(spec) => spec,
        Err(mistakes) => {
            eprintln!("{mistakes}");
            return ExitCode::from(2);
        }
    };
    let builder = Supervisor::builder(spec).handle_signals();
    #[cfg(unix)]
    let builder = builder.reload_on_hangup(path);
    builder.run().await.report()
}
