//! The tree's events, as a client reads them.

use std::io::Write;

use serde_json::{Value, json};

use crate::client::Service;
use crate::process::Lines;

#[test]
fn the_stream_tells_of_every_event_and_goes_on_where_a_client_left_off() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let service = Service::start(data.path());
    let poison = json!({ "kind": "divide", "dividend": 1, "divisor": 0 });
    service.client.add(&poison).expect("an answer");

    let from_the_beginning = stream(&service, 0);
    let parked = |event: &Value| event["path"] == "jobs/consumer" && event["generation"] == 3;
    let last = until(&from_the_beginning, parked);
    let numbers = last["seq"].as_u64().expect("a number");
    for number in 1..=numbers {
        let id = format!("id: {number}");
        from_the_beginning.find(|line| line == id);
    }

    let from_there = stream(&service, numbers - 1);
    assert_eq!(until(&from_there, |_| true), last);
}

fn stream(service: &Service, last_event_id: u64) -> Lines {
    let mut connection = service.client.connect();
    write!(
        connection,
        "GET /events HTTP/1.1\r\nhost: test\r\nlast-event-id: {last_event_id}\r\n\r\n"
    )
    .expect("a connection");
    Lines::read(connection)
}

/// The first event of which this is true.
fn until(stream: &Lines, wanted: impl Fn(&Value) -> bool) -> Value {
    let event = |line: &str| serde_json::from_str(line.strip_prefix("data: ")?).ok();
    let line = stream.find(|line| event(line).is_some_and(|event| wanted(&event)));
    event(&line).expect("it was one")
}
