//! Starts that do not succeed.

use std::net::TcpListener;

use crate::process::Process;

const JOB_SERVICE: &str = env!("CARGO_BIN_EXE_job-service");

#[test]
fn a_port_that_is_taken_is_told_and_is_exit_code_2() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let mut service = Process::start(JOB_SERVICE, &["--listen", &address]);
    let (status, _) = service.ended();
    assert_eq!(status.code(), Some(2), "{service}");
    let told = service.stderr.all().join("\n");
    assert!(told.contains("api") && told.contains("in use"), "{told}");
}

#[test]
fn an_unknown_flag_is_told_with_the_usage() {
    let mut service = Process::start(JOB_SERVICE, &["--port", "80"]);
    let (status, _) = service.ended();
    assert_eq!(status.code(), Some(64));
    let told = service.stderr.all();
    assert_eq!(told[0], "`--port` is not known");
    assert!(
        told.iter()
            .any(|line| line.starts_with("usage: job-service"))
    );
}
