//! The job service and its client.

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rustix::process::Signal;
use serde_json::{Value, json};
use ureq::Agent;

use crate::process::{PATIENCE, Process, eventually};

pub(crate) const JOBS: usize = 500;
pub(crate) const POISON: usize = 20;

/// The children in the order in which they stop.
pub(crate) const STOP_ORDER: [&str; 4] = ["api", "jobs/maintenance", "jobs/consumer", "database"];

pub(crate) struct Service {
    pub(crate) process: Process,
    pub(crate) client: Client,
}

impl Service {
    /// Starts the service on a free port, and waits until it is ready.
    pub(crate) fn start(data: &Path) -> Self {
        let data = data.to_str().expect("a readable path");
        let args = ["--listen", "127.0.0.1:0", "--data", data];
        let process = Process::start(env!("CARGO_BIN_EXE_job-service"), &args);
        let line = process
            .stdout
            .find(|line| line.starts_with("listening on "));
        let client = Client::new(line.trim_start_matches("listening on http://"));
        eventually("readiness", || {
            (client.get("/readyz").0 == 200).then_some(())
        });
        Self { process, client }
    }

    /// Stops the service as a service manager does; the report tells of an orderly stop.
    pub(crate) fn stop(mut self) -> Duration {
        self.process.signal(Signal::TERM);
        let (status, took) = self.process.ended();
        assert_eq!(status.code(), Some(0), "{}", self.process);
        let lines = self.process.stdout.all();
        let report: Vec<Vec<&str>> = lines[2..]
            .iter()
            .map(|line| line.split_whitespace().collect())
            .collect();
        let order: Vec<&str> = report.iter().map(|child| child[0]).collect();
        assert_eq!(order, STOP_ORDER, "{}", self.process);
        let clean = report.iter().all(|child| child[1] == "graceful");
        assert!(clean, "{}", self.process);
        took
    }
}

/// A client of the service, which any number of threads may use.
pub(crate) struct Client {
    pub(crate) address: String,
    agent: Agent,
}

impl Client {
    fn new(address: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build();
        Self {
            address: address.to_owned(),
            agent: agent.into(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let mut response = self.agent.get(url).call().expect("the service answers");
        let text = response.body_mut().read_to_string().expect("a whole body");
        let status = response.status().as_u16();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Adds a job; `None` when no answer came, and the job may have been added or not.
    pub(crate) fn add(&self, job: &Value) -> Option<Value> {
        let request = self.agent.post(format!("http://{}/jobs", self.address));
        let request = request.header("content-type", "application/json");
        let mut response = request.send(job.to_string()).ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        assert!(response.status().is_success(), "{text}");
        Some(serde_json::from_str(&text).expect("JSON"))
    }

    /// Adds those jobs that are still wanted, several at a time, and says which were answered for.
    pub(crate) fn add_all(&self, wanted: &[bool], before: impl Fn(usize) + Sync) -> Vec<bool> {
        let next = AtomicUsize::new(0);
        let answered: Vec<AtomicBool> = wanted.iter().map(|_| AtomicBool::new(false)).collect();
        let add = || {
            let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            for number in numbers.take_while(|number| *number < wanted.len()) {
                before(number);
                if wanted[number] && self.add(&job(number)).is_some() {
                    answered[number].store(true, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(add))));
        answered.into_iter().map(AtomicBool::into_inner).collect()
    }

    /// A connection to speak over by hand.
    pub(crate) fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(&self.address).expect("the service listens");
        connection
            .set_read_timeout(Some(PATIENCE))
            .expect("not zero");
        connection
    }

    pub(crate) fn done(&self) -> u64 {
        self.get("/stats").1["done"].as_u64().expect("a number")
    }

    /// Waits until nothing is left to do; then every job is done or parked, as it should be.
    pub(crate) fn assert_all_settled(&self) {
        let stats = eventually("an empty queue", || {
            let (_, stats) = self.get("/stats");
            (stats["queued"] == 0 && stats["running"] == 0).then_some(stats)
        });
        let good = JOBS - POISON;
        let expected = json!({
            "queued": 0, "running": 0, "done": good, "parked": POISON, "effects": good,
        });
        assert_eq!(stats, expected);
    }

    /// The generation of every child.
    pub(crate) fn generations(&self) -> BTreeMap<String, u64> {
        let (_, tree) = self.get("/tree");
        let children = tree["children"].as_array().expect("a list").iter();
        let generation =
            |child: &Value| Some((text(&child["path"]), child["generation"].as_u64()?));
        children.filter_map(generation).collect()
    }
}

/// One in twenty-five of the jobs is poison: it divides by zero.
pub(crate) fn is_poison(number: usize) -> bool {
    number % (JOBS / POISON) == 7
}

fn job(number: usize) -> Value {
    let divisor = if is_poison(number) { 0 } else { 7 };
    json!({ "key": number.to_string(), "kind": "divide", "dividend": number, "divisor": divisor })
}

/// Looks into the file of a service that has ended: each good job has one effect, the right one;
/// each poison job has none, and has been tried three times.
pub(crate) fn assert_nothing_lost_and_nothing_twice(data: &Path) {
    let file = data.join("jobs.sqlite");
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let database = database.expect("the file is there");
    let mut jobs = database
        .prepare(
            "SELECT key, state, attempts,
                    (SELECT json_group_array(result) FROM effects WHERE job = jobs.id)
             FROM jobs ORDER BY CAST(key AS INTEGER)",
        )
        .expect("the table is there");
    let jobs = jobs.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    });
    let jobs: Result<Vec<(String, String, u32, String)>, _> = jobs.expect("readable").collect();
    let jobs = jobs.expect("readable");
    assert_eq!(jobs.len(), JOBS);
    for (number, (key, state, attempts, effects)) in jobs.into_iter().enumerate() {
        assert_eq!(key, number.to_string());
        if is_poison(number) {
            assert_eq!(
                (&*state, attempts, &*effects),
                ("parked", 3, "[]"),
                "{number}"
            );
        } else {
            let effect = format!("[\"{}\"]", number / 7);
            assert_eq!((&*state, &*effects), ("done", &*effect), "{number}");
        }
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
