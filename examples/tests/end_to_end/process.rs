//! A program under test: what it says, how it ends, and that it never outlives its test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Long enough for a busy machine; only a test that fails waits for so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: Lines,
    pub(crate) stderr: Lines,
}

impl Process {
    pub(crate) fn start(program: &str, args: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(args)
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = Lines::read(child.stdout.take().expect("piped"));
        let stderr = Lines::read(child.stderr.take().expect("piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be asked").is_none()
    }

    /// How it ended, and how long that took from now.
    pub(crate) fn ended(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "it runs on; {self}");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (stdout, stderr) = (self.stdout.so_far(), self.stderr.so_far());
        write!(f, "it wrote\n{stdout}\nand to standard error\n{stderr}")
    }
}

/// The lines of a stream, read by a thread of their own.
pub(crate) struct Lines {
    read: Arc<(Mutex<Seen>, Condvar)>,
}

#[derive(Default)]
struct Seen {
    lines: Vec<String>,
    over: bool,
}

impl Lines {
    pub(crate) fn read(stream: impl Read + Send + 'static) -> Self {
        let read: Arc<(Mutex<Seen>, Condvar)> = Arc::default();
        let into = Arc::clone(&read);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                into.0.lock().expect("no panic").lines.push(line);
                into.1.notify_all();
            }
            into.0.lock().expect("no panic").over = true;
            into.1.notify_all();
        });
        Self { read }
    }

    /// The first line of which this is true, once it is there.
    pub(crate) fn find(&self, wanted: impl Fn(&str) -> bool) -> String {
        self.wait(|read| read.lines.iter().find(|line| wanted(line)).cloned())
    }

    /// All lines, once the stream has ended.
    pub(crate) fn all(&self) -> Vec<String> {
        self.wait(|read| read.over.then(|| read.lines.clone()))
    }

    fn so_far(&self) -> String {
        self.read.0.lock().expect("no panic").lines.join("\n")
    }

    fn wait<R>(&self, look: impl Fn(&Seen) -> Option<R>) -> R {
        let deadline = Instant::now() + PATIENCE;
        let mut read = self.read.0.lock().expect("no panic");
        loop {
            if let Some(found) = look(&read) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !read.over,
                "what was waited for did not come:\n{}",
                read.lines.join("\n")
            );
            read = self.read.1.wait_timeout(read, left).expect("no panic").0;
        }
    }
}

/// Asks until there is an answer.
pub(crate) fn eventually<R>(what: &str, ask: impl Fn() -> Option<R>) -> R {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        thread::sleep(Duration::from_millis(10));
    }
}
