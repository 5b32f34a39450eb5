//! Programs do the same when the macros have been expanded: `tests/expanded/*.rs`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// What a program prints before it ends by itself, as it should.
fn printed(program: &str) -> String {
    let output = Command::new(program)
        .stderr(Stdio::inherit())
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{program}: {}", output.status);
    String::from_utf8(output.stdout).expect("a text")
}

#[test]
fn the_gateway() {
    let expected = r#"supervisor  strategy = "rest_for_one", intensity = "10/10s" for each child, shutdown_within = "30s"
├── database  restart = "transient", shutdown = "10s", readiness = "explicit"
├── gateway  after database  restart = "permanent", strategy = "one_for_all", intensity = "5/30s"
│   ├── eu  restart = "transient", shutdown = "5s", fuse = "5/1m", tags = ["edge"]
│   └── us  after eu  restart = "transient", shutdown = "5s", backoff = "none", fuse = "5/1m", tags = ["edge"]
└── uploads  restart = "permanent", strategy = "one_for_one", intensity = "10/10s" for each child, pool = 1000
connected to db:5432
ready: true
us is closed
eu is closed
left db:5432
"#;
    assert_eq!(printed(env!("CARGO_BIN_EXE_gateway")), expected);
    assert_eq!(printed(env!("CARGO_BIN_EXE_expanded-gateway")), expected);
}

#[test]
fn the_index() {
    let expected = "\
counted to 3
numbers from 1 to 3
attempt 1 reads one
attempt 1 reads illegible
attempt 2 reads two
";
    assert_eq!(printed(env!("CARGO_BIN_EXE_index")), expected);
    assert_eq!(printed(env!("CARGO_BIN_EXE_expanded-index")), expected);
}

/// The README's program runs until it is told to stop.
#[cfg(unix)]
#[test]
fn the_quick_start() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_expanded-quickstart"))
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let lines = BufReader::new(program.stdout.take().expect("its output")).lines();
    let printed: Vec<String> = lines
        .map(|line| line.expect("a text"))
        // What comes after the first restart.
        .take_while(|line| line != "6")
        .collect();
    let stop = Command::new("kill")
        .args(["-INT", &program.id().to_string()])
        .status()
        .expect("a way to stop it");
    assert!(stop.success());
    assert!(program.wait().expect("its end").success());
    let expected = ["ready to print", "1", "2", "3", "4", "5", "ready to print"];
    assert_eq!(printed, expected);
}
