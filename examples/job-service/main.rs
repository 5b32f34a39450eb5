//! A job service: an HTTP API in front of a durable queue, run as a supervised tree.
//!
//! Read it in this order: the tree below, then its children from the bottom up: `database`,
//! `queue` (the rules of the table), `consumer`, `maintenance`, `api` and `events`.

mod api;
mod config;
mod consumer;
mod database;
mod events;
mod maintenance;
mod queue;

use std::io::IsTerminal;
use std::process::ExitCode;

use rust_supervisor::runtime::outcome::RunError;
use rust_supervisor::{Supervisor, supervisor_tree};
use tokio::sync::mpsc;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use crate::config::{Config, DataDir, USAGE};
use crate::database::Database;

#[tokio::main]
async fn main() -> ExitCode {
    let config = match Config::from_args(std::env::args().skip(1)) {
        Ok(config) => config,
        Err(mistake) => return refuse(&format!("{mistake}\n\n{USAGE}")),
    };
    let data = match DataDir::open(config.data) {
        Ok(data) => data,
        Err(error) => return refuse(&format!("the data directory cannot be used: {error}")),
    };
    log();

    let file = data.path().join("jobs.sqlite");
    let (database, calls) = Database::channel();
    let (bell, doorbell) = mpsc::channel(1);

    let tree = supervisor_tree! {
        database: database::answer(file, calls),
        jobs: {
            after = [database],
            // Jobs that crash the consumer are daily business here, and its back-off paces them: at
            // most 200 restarts in ten seconds. So this supervisor is given more than that.
            intensity = "300/10s",
            // Jobs can be taken while nobody works on them, so the service is ready without these.
            consumer: consumer::consume(database.clone(), doorbell) { critical = false },
            maintenance: maintenance::tidy(database.clone(), config.tidy_every, config.keep_done) {
                critical = false,
            },
        },
        api: api::serve(config.listen, database, bell) { after = [jobs] },
    };

    match Supervisor::run(tree).await.into_result() {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            match error {
                RunError::NotStarted(_) => ExitCode::from(2),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

/// Logs to standard error; standard output says where the service listens, and how it stopped.
fn log() {
    let wanted = std::env::var("RUST_LOG").ok();
    let filter = wanted.and_then(|text| text.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(tracing::Level::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(64)
}
