#[test]
fn feed_lost_its_route() {
    let recording = include_str!("feed_lost_its_route.json");
    let recording = rust_supervisor::recorder::Recording::from_json(recording);
    let replayed = recording.and_then(|recording| recording.replay());
    let replayed = replayed.expect("a recording");
    let expected = [
        "1 `/` starts",
        "2 `feed` starts",
        "3 `/` is ready",
        "4 `feed` error: no route",
        "5 `/` is not ready any more",
        "6 `feed` error: no route; restarting in 606.654353ms (attempt 2)",
        "7 `feed` starts",
        "8 `/` is ready",
        "9 `/` is told to shutdown by ada: the end of the test",
        "10 `/` is asked to stop",
        "11 `/` shuts down: stop requested",
        "12 `/` shuts down: draining",
        "13 `feed` is asked to stop",
        "14 `feed` ended normally",
        "15 `/` is not ready any more",
        "16 `/` has ended: it was asked to stop",
        "17 `/` shuts down: putting away what is left",
        "18 `/` shuts down: completed",
    ];
    assert_eq!(replayed.lines(), expected);
}
