//! The end that was asked for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use crate::client::{Client, Service, text};
use crate::process::{Lines, eventually};

#[test]
fn sigterm_ends_connections_and_streams_and_stops_in_reverse_order() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let service = Service::start(data.path());
    let kept_alive: Vec<TcpStream> = (0..4).map(|_| keep_alive(&service.client)).collect();
    let never_used = service.client.connect();
    let stream = Lines::read(request(&service.client, "/events"));
    stream.find(|line| line.contains(r#""path":"api""#) && line.contains(r#""ready""#));

    let took = service.stop();
    assert!(took < Duration::from_secs(2), "{took:?}");
    // The end of a chunked body: the stream was ended, not cut off.
    assert_eq!(
        stream
            .all()
            .iter()
            .rev()
            .find(|line| !line.is_empty())
            .map(String::as_str),
        Some("0")
    );
    for mut connection in kept_alive.into_iter().chain([never_used]) {
        let mut rest = Vec::new();
        connection
            .read_to_end(&mut rest)
            .expect("closed, not reset");
        assert!(rest.is_empty());
    }
}

#[test]
fn a_client_that_does_not_finish_delays_the_stop_by_the_drain_deadline() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let service = Service::start(data.path());
    let mut half_a_request = service.client.connect();
    half_a_request.write_all(b"GET /li").expect("a connection");
    // Answered means that the connection before it has been accepted.
    keep_alive(&service.client);

    let took = service.stop();
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_job_in_hand_is_finished() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let service = Service::start(data.path());
    let id = start_waiting(&service.client, 300);
    service.stop();

    let service = Service::start(data.path());
    let (_, job) = service.client.get(&format!("/jobs/{id}"));
    assert_eq!(
        (text(&job["state"]), job["attempts"].as_u64()),
        ("done".to_owned(), Some(1))
    );
}

#[test]
fn a_second_sigterm_ends_a_slow_stop_at_once() {
    let data = tempfile::tempdir().expect("a temporary directory");
    let mut service = Service::start(data.path());
    let id = start_waiting(&service.client, 60_000);
    service.process.signal(Signal::TERM);
    // The API stops first; it is the consumer that takes its time.
    eventually("closed door", || {
        TcpStream::connect(&service.client.address).err()
    });
    assert!(service.process.is_running());
    service.process.signal(Signal::TERM);
    let (status, took) = service.process.ended();
    assert_eq!(status.code(), Some(143), "{}", service.process);
    assert!(took < Duration::from_secs(1), "{took:?}");

    // The job is not lost: it is taken up again.
    let service = Service::start(data.path());
    eventually("second attempt", || {
        let (_, job) = service.client.get(&format!("/jobs/{id}"));
        (job["attempts"] == 2).then_some(())
    });
}

/// Adds a job that takes this long, and waits until it is being worked on.
fn start_waiting(client: &Client, ms: u64) -> u64 {
    let job = client.add(&json!({ "kind": "wait", "ms": ms }));
    let id = job.expect("an answer")["id"].as_u64().expect("a number");
    eventually("running", || {
        let (_, job) = client.get(&format!("/jobs/{id}"));
        (job["state"] == "running").then_some(id)
    })
}

/// A connection that has been used once, and could be again.
fn keep_alive(client: &Client) -> TcpStream {
    let mut connection = request(client, "/livez");
    let mut answer = Vec::new();
    while !answer.ends_with(b"alive") {
        let mut byte = [0];
        connection.read_exact(&mut byte).expect("an answer");
        answer.extend(byte);
    }
    connection
}

fn request(client: &Client, path: &str) -> TcpStream {
    let mut connection = client.connect();
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n");
    connection
        .write_all(request.as_bytes())
        .expect("a connection");
    connection
}
