//! Jobs, good and bad.

use std::collections::BTreeMap;

use crate::client::{JOBS, POISON, Service, assert_nothing_lost_and_nothing_twice};

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
