//! What supervision costs: our supervisor beside one that is written by hand, the *floor*.
//!
//! ```text
//! cargo run --release --manifest-path benches/Cargo.toml -- compare
//! cargo run --release --manifest-path benches/Cargo.toml -- compare storm --rounds 21
//! cargo run --release --manifest-path benches/Cargo.toml -- compare start stop --children 100000
//! cargo run --release --manifest-path benches/Cargo.toml -- instructions
//! cargo run --release --manifest-path benches/Cargo.toml -- run storm --side ours --workers 1
//! ```
//!
//! `compare` runs every workload in a process of its own, all sides in turn, round by round; wall
//! clocks of shared machines lie, and only what was measured side by side can be compared.
//! `instructions` counts with callgrind instead, as the difference of two lengths of a run, so that
//! what a process does once cancels out.
//!
//! A workload is a file in `workloads`, a supervisor to compare with one in `sides`.

mod compare;
mod figure;
mod instructions;
mod options;
mod process;
mod report;
mod sides;
mod summary;
mod workloads;

use std::process::ExitCode;

use options::{Mode, Options};

fn main() -> ExitCode {
    let done =
        Options::from_arguments(std::env::args().skip(1)).and_then(|options| match options.mode {
            Mode::Compare => {
                report::in_full(&compare::all(&options));
                Ok(())
            }
            Mode::Instructions => instructions::all(&options),
            Mode::Run => run(&options),
            Mode::Table => {
                report::as_markdown(&compare::all(&options));
                Ok(())
            }
        });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one workload on one side, here, and prints its figures.
fn run(options: &Options) -> Result<(), String> {
    let [workload] = options.workloads[..] else {
        return Err("`run` takes one workload".to_owned());
    };
    let [side] = options.sides[..] else {
        return Err("`run` takes one side".to_owned());
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.workers)
        .enable_time()
        .build()
        .map_err(|error| error.to_string())?;
    let one = options.sizes(workload)[0];
    // A task of the runtime, not the thread outside it, is where services start their trees.
    let measured = runtime.block_on(runtime.spawn(workload.measure(side, one)));
    for figure in measured.map_err(|error| error.to_string())? {
        println!("{figure}");
    }
    // What still runs is not worth waiting for.
    std::process::exit(0)
}
