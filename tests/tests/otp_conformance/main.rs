//! What OTP's supervisor did in recorded scenarios, compared with what ours does, step by step.
//!
//! Every scenario below the directories in `OTP_CORPUS`, separated by `:`, is played on the machine
//! alone and on tokio through the public API. By default: the corpus (`tests/otp`), and scenarios of
//! our own that OTP has answered, too (`tests/otp_by_hand`).

mod levels;
mod play;
mod puppets;

use std::process::ExitCode;

use self::levels::{Level, Machine, Runtime};

fn main() -> ExitCode {
    let own = env!("CARGO_MANIFEST_DIR");
    let corpus = std::env::var("OTP_CORPUS");
    let corpus = corpus.unwrap_or_else(|_| format!("{own}/otp:{own}/otp_by_hand"));
    let mut scenarios = Vec::new();
    for directory in corpus.split(':').filter(|directory| !directory.is_empty()) {
        for file in walkdir::WalkDir::new(directory).sort_by_file_name() {
            let file = file.unwrap_or_else(|error| panic!("{error}"));
            if file.path().extension().is_some_and(|it| it == "json") {
                let path = file.path().display();
                let text = std::fs::read_to_string(file.path());
                let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
                let scenario = serde_json::from_str(&text);
                let scenario = scenario.unwrap_or_else(|error| panic!("{path}: {error}"));
                scenarios.push((path.to_string(), scenario));
            }
        }
    }
    assert!(!scenarios.is_empty(), "no scenarios in `{corpus}`");
    let failed =
        play_all::<Machine>("machine", &scenarios) + play_all::<Runtime>("runtime", &scenarios);
    ExitCode::from(u8::from(failed > 0))
}

fn play_all<L: Level>(level: &str, scenarios: &[(String, serde_json::Value)]) -> usize {
    let mut failed = 0;
    for (path, scenario) in scenarios {
        // One that is not of the format, or that breaks us, does not end the run.
        let played = std::panic::catch_unwind(|| play::play::<L>(scenario));
        if let Err(difference) = played.unwrap_or_else(|_| Err("panicked".to_owned())) {
            failed += 1;
            println!("{level} {} ({path}): {difference}", scenario["name"]);
        }
    }
    let passed = scenarios.len() - failed;
    println!("{level}: {passed} passed, {failed} failed, 0 skipped");
    failed
}
