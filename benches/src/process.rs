//! One workload in a process of its own.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use crate::sides::Side;
use crate::workloads::{Size, Workload};

/// A run that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(60);

/// One run of one workload on one side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) workload: Workload,
    pub(crate) size: Size,
    pub(crate) side: Side,
    pub(crate) workers: usize,
}

impl Run {
    /// Runs this very program, below another one if there is a wrapper.
    pub(crate) fn output(self, wrapper: &[&str]) -> Result<Output, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut command = match wrapper {
            [] => Command::new(program),
            [wrapper, arguments @ ..] => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
        };
        command
            .args(["run", self.workload.name()])
            .args(["--side", self.side.name()])
            .args(["--workers", &self.workers.to_string()])
            .args(["--children", &self.size.children.to_string()])
            .args(["--restarts", &self.size.restarts.to_string()])
            // A backtrace costs more than anything that is measured here.
            .env("RUST_BACKTRACE", "0");
        let output = wait(&mut command).map_err(|error| format!("{command:?}: {error}"))?;
        if output.status.success() {
            Ok(output)
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("{command:?}: {}\n{said}", output.status))
        }
    }
}

/// Waits for its end, and makes one that takes too long.
fn wait(command: &mut Command) -> io::Result<Output> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let until = Instant::now() + LONGEST;
    while child.try_wait()?.is_none() {
        if Instant::now() > until {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(5));
    }
    // It says little, so that nothing of it has been held up.
    child.wait_with_output()
}
