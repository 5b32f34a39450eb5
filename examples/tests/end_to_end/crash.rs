//! The end that nobody is asked about.

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::client::{JOBS, Service, assert_nothing_lost_and_nothing_twice};
use crate::process::eventually;

#[test]
fn kill_9_loses_nothing_and_does_nothing_twice() {
    let data = tempfile::tempdir().expect("a temporary directory");

    // First, while jobs come in: one of the clients does it.
    let service = Service::start(data.path());
    let kill = |number| {
        if number == JOBS / 2 {
            service.process.signal(Signal::KILL);
        }
    };
    let answered = service.client.add_all(&[true; JOBS], kill);
    assert!(answered.contains(&true) && answered.contains(&false));
    assert_killed(service);

    // Then, again and again, while they are worked on: each time a little later in the life of a
    // job. What has been answered for is not sent again.
    let wanted: Vec<bool> = answered.iter().map(|answered| !answered).collect();
    for kill in 1..=10 {
        let service = Service::start(data.path());
        service.client.add_all(&wanted, |_| ());
        let progress = || (service.client.done() >= 40 * u64::from(kill)).then_some(());
        eventually("progress", progress);
        thread::sleep(kill * Duration::from_micros(700));
        service.process.signal(Signal::KILL);
        assert_killed(service);
    }

    let service = Service::start(data.path());
    service.client.assert_all_settled();
    service.stop();
    assert_nothing_lost_and_nothing_twice(data.path());
}

fn assert_killed(mut service: Service) {
    let (status, _) = service.process.ended();
    assert_eq!(status.signal(), Some(9), "{}", service.process);
}
