//! Jobs, good and bad.

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::client::{JOBS, POISON, Service, assert_nothing_lost_and_nothing_twice};
use crate::process::eventually;

#[test]
fn poison_jobs_crash_the_consumer_and_nobody_else() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let service = Service::start(data.path());
    let added = service.client.add_all(&[true; JOBS], |_| ());
    assert_eq!(added, [true; JOBS]);
    service.client.assert_all_settled();

    let crashes = 3 * POISON as u64;
    let expected = [
        ("api", 0),
        ("database", 0),
        ("jobs", 0),
        ("jobs/consumer", crashes),
        ("jobs/maintenance", 0),
    ];
    let expected: BTreeMap<String, u64> = expected.map(|(path, n)| (path.to_owned(), n)).into();
    assert_eq!(service.client.generations(), expected);

    service.stop();
    assert_nothing_lost_and_nothing_twice(data.path());
}

#[test]
fn a_job_that_cannot_be_read_is_parked_too_and_the_next_one_is_done() {
    let data = tempfile::tempdir().expect("a temporary directory");
    Service::start(data.path()).stop();
    let file = Connection::open(data.path().join("jobs.sqlite")).expect("the file is there");
    file.execute_batch(
        r#"INSERT INTO jobs (work) VALUES
           ('{"kind":"of an older release"}'), ('{"kind":"divide","dividend":9,"divisor":3}')"#,
    )
    .expect("added");
    file.close().expect("closed");

    let service = Service::start(data.path());
    eventually("the second job", || {
        let (_, job) = service.client.get("/jobs/2");
        (job["result"] == "3").then_some(())
    });
    let (_, job) = service.client.get("/jobs/1");
    assert_eq!(
        (&job["state"], &job["attempts"]),
        (&"parked".into(), &3.into())
    );
    service.stop();
}
