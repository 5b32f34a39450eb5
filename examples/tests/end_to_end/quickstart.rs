//! The quick start of the README.

use std::time::Duration;

use rustix::process::Signal;

use crate::process::Process;

#[test]
fn the_quick_start_survives_its_failure_and_stops_at_once_on_ctrl_c() {
    let mut program = Process::start(env!("CARGO_BIN_EXE_quickstart"), &[]);
    program.stdout.find(|line| line == "6");
    program.signal(Signal::INT);
    let (status, took) = program.ended();
    assert_eq!(status.code(), Some(0), "{program}");
    assert!(took < Duration::from_millis(100), "{took:?}");
    let expected = [
        "ready to print",
        "1",
        "2",
        "3",
        "4",
        "5",
        "ready to print",
        "6",
    ];
    assert_eq!(program.stdout.all()[..8], expected, "{program}");
}
