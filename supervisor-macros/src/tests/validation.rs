//! Which rules hold, and that they are silent where nothing is certain.

use std::fmt::Write;

use super::{mistakes, supervised, supervisor_tree};

fn of_function(arguments: &str, item: &str) -> Vec<String> {
    mistakes(supervised(arguments, item))
}

fn of_settings(arguments: &str) -> Vec<String> {
    of_function(arguments, "async fn feed(ctx: TaskContext) {}")
}

fn of_tree(input: &str) -> Vec<String> {
    mistakes(supervisor_tree(input))
}

/// The one mistake that was found; it says what is wrong, and on another line what to do.
fn only(mistakes: Vec<String>) -> String {
    assert_eq!(mistakes.len(), 1, "{mistakes:#?}");
    let mistake = mistakes.into_iter().next().unwrap_or_default();
    assert!(mistake.lines().count() > 1, "what to do about: {mistake}");
    mistake
}

/// What is wrong.
fn first_line(mistakes: Vec<String>) -> String {
    only(mistakes).lines().next().unwrap_or_default().to_owned()
}

/// What to do.
fn last_line(mistakes: Vec<String>) -> String {
    only(mistakes).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn contradictions_are_those_of_one_place() {
    for settings in [
        r#"restart = "temporary", backoff = "1s""#,
        r#"restart = "temporary", backoff_reset = "1s""#,
        r#"restart = "permanent", significant"#,
        r#"restart = "permanent", significant = true"#,
        r#"restart = "permanent", readiness = "completed""#,
        r#"readiness = "immediate", ready_within = "1s""#,
        r#"ready_within = "1s""#,
        r#"restart = "temporary", fuse = "5/30s""#,
        r#"heartbeat = "5s", timeout = "4s""#,
        r#"readiness = "explicit", ready_within = "5s", timeout = "4s""#,
    ] {
        only(of_settings(settings));
    }
    for settings in [
        r#"restart = POLICY, backoff = "1s""#,
        r#"restart = "permanent", significant = false"#,
        r#"restart = "permanent", significant = FLAG"#,
        r#"heartbeat = "4s", timeout = "4s""#,
        r#"heartbeat = SILENCE, timeout = "4s""#,
        r#"readiness = READINESS, ready_within = "1s""#,
        r#"restart = "transient", readiness = "completed", ready_within = "1s""#,
    ] {
        assert!(of_settings(settings).is_empty(), "{settings}");
    }
    for settings in ["blocking, local", r#"blocking, stall_after = "1s""#] {
        only(of_function(settings, "fn feed() {}"));
    }
    assert!(of_function("blocking, local = false", "fn feed() {}").is_empty());
    only(of_function(r#"heartbeat = "1s""#, "async fn feed() {}"));
    only(of_function("local", "fn feed() {}"));
    // Across places the later wins.
    assert!(of_tree(r#"feed() { ready_within = "1s" }"#).is_empty());
    let tree = r#"feed() { restart = "temporary" }, gateway: { restart = "temporary", feed() }"#;
    assert!(of_tree(tree).is_empty());
}

#[test]
fn a_contradiction_that_is_conditional_is_left_to_the_plan() {
    let tree = r#"gateway: { #[cfg(a)] restart = "temporary", backoff = "1s" }"#;
    assert!(of_tree(tree).is_empty());
    let tree = r#"#[cfg(a)] strategy = "one_for_all", strategy = "one_for_one""#;
    assert!(of_tree(tree).is_empty());
}

#[test]
fn a_budget_is_within_every_deadline_above_it() {
    for tree in [
        r#"shutdown_within = "10s", feed() { shutdown = "11s" }"#,
        r#"feed() { shutdown = "infinity" }, shutdown_within = "10s""#,
        r#"shutdown_within = "10s", gateway: { shutdown_within = "11s" }"#,
        r#"shutdown_within = "10s", gateway: { inner: { feed() { shutdown = "11s" } } }"#,
        r#"shutdown_within = "11s", gateway: { shutdown_within = "10s", feed() { shutdown = "11s" } }"#,
    ] {
        let message = only(of_tree(tree));
        assert!(
            message.contains("write less here, or more there"),
            "{message}"
        );
    }
    for tree in [
        r#"shutdown_within = "10s", feed() { shutdown = "10s" }, poll() { shutdown = "abort" }"#,
        r#"shutdown_within = "10s", feed() { shutdown = GRACE }"#,
        r#"shutdown_within = DEADLINE, feed() { shutdown = "1h" }"#,
        r#"gateway: { shutdown_within = "10s" }, feed() { shutdown = "1h" }"#,
        r#"#[cfg(a)] shutdown_within = "10s", feed() { shutdown = "1h" }"#,
    ] {
        assert!(of_tree(tree).is_empty(), "{tree}");
    }
}

#[test]
fn tags_are_strings_of_the_characters_of_names() {
    assert!(of_settings(r#"tags = ["io", "team:eu-1"]"#).is_empty());
    assert!(of_settings("tags = []").is_empty());
    assert!(of_settings("tags = TAGS").is_empty());
    assert!(of_settings("tags = [TAG]").is_empty());
    for (settings, message) in [
        (r#"tags = "io""#, "`tags` is a list of strings"),
        ("tags = [1]", "`tags` is a list of strings"),
        (r#"tags = ["io", "io"]"#, "`io` stands in `tags` twice"),
        (
            r#"tags = ["a b"]"#,
            "`a b` is not a tag; a tag is 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`",
        ),
        ("tags", "`tags` needs a value"),
    ] {
        assert_eq!(first_line(of_settings(settings)), message);
    }
    assert_eq!(of_settings(r#"tags = ["", " ", "a"]"#).len(), 2);
}

#[test]
fn words_are_told_from_variables() {
    assert_eq!(
        only(of_settings("restart = permanent")),
        "the restart policy is written as a string\nwrite `restart = \"permanent\"`"
    );
    assert_eq!(
        last_line(of_settings("backoff = none")),
        r#"write `backoff = "none"`"#
    );
    assert_eq!(
        last_line(of_settings("shutdown = infinity")),
        r#"write `shutdown = "infinity"`"#
    );
    for settings in [
        "restart = policy",
        "shutdown = grace",
        "restart = Policy::permanent()",
    ] {
        assert!(of_settings(settings).is_empty(), "{settings}");
    }
}

#[test]
fn literals_are_never_expressions() {
    for (settings, message) in [
        (
            "shutdown = 5s",
            "the shutdown budget is written as a string",
        ),
        ("ready_within = 5s", "the duration is written as a string"),
        (
            "ready_within = 5",
            "a duration needs a unit: did you mean `5ms` or `5s`?",
        ),
        (
            "ready_within = -5s",
            "`-5s` is not a duration; expected a whole number and a unit, such as `5s`",
        ),
        (
            "ready_within = 5x",
            "unknown unit `x` in duration `5x`; expected `ms`, `s`, `m` or `h`",
        ),
        (
            "ready_within = 1h30m",
            "a duration has one unit: write `90m` instead of `1h30m`",
        ),
        ("backoff = 1s..=2s", "the back-off is written as a string"),
        (
            "backoff = 1s..",
            "a back-off has two bounds, `1s..` has one; such as `100ms..30s`",
        ),
        (
            "ready_within = true",
            "`ready_within` is a string or an expression",
        ),
    ] {
        assert_eq!(first_line(of_settings(settings)), message, "{settings}");
    }
}

#[test]
fn a_path_to_the_library_means_the_same_everywhere() {
    for settings in [
        r#"crate = "::renamed""#,
        r#"crate = "crate::reexport""#,
        r#"crate = "::a::b""#,
    ] {
        assert!(of_settings(settings).is_empty(), "{settings}");
    }
    for settings in [
        r#"crate = "a::b""#,
        r#"crate = "super::a""#,
        "crate = a",
        r#"crate = "a b""#,
    ] {
        only(of_settings(settings));
    }
}

#[test]
fn a_synchronous_function_is_blocking_and_no_other() {
    let (sync, asynchronous) = ("fn feed() {}", "async fn feed() {}");
    assert!(of_function("blocking", sync).is_empty());
    assert!(of_function("blocking = true", sync).is_empty());
    assert!(of_function("blocking = false", asynchronous).is_empty());
    only(of_function("", sync));
    only(of_function("blocking = false", sync));
    only(of_function("blocking", asynchronous));
    only(of_function("blocking = MAYBE", sync));
}

#[test]
fn what_has_no_size_cannot_be_kept() {
    for parameter in [
        "&str",
        "&mut [u8]",
        "&dyn Sink",
        "&(dyn Sink + Send)",
        "&'a str",
    ] {
        let message = only(of_function(
            "",
            &format!("async fn feed<'a>(name: {parameter}) {{}}"),
        ));
        assert!(
            message.starts_with("the supervisor cannot own a `"),
            "{message}"
        );
    }
    for parameter in [
        "&'static str",
        "&'static [u8]",
        "&Vec<u8>",
        "&mut Box<dyn Sink>",
        "&[u8; 4]",
    ] {
        let item = format!("async fn feed(name: {parameter}) {{}}");
        assert!(of_function("", &item).is_empty(), "{parameter}");
    }
}

#[test]
fn names_are_those_of_one_supervisor() {
    only(of_tree("feed(), feed()"));
    only(of_tree("feed(), other::feed()"));
    only(of_tree("feed(), feed: {}"));
    only(of_tree(r#"r#type: feed(), "type": feed()"#));
    assert!(of_tree("feed(), inner: { feed() }").is_empty());
    assert!(of_tree("#[cfg(a)] feed(), #[cfg(b)] feed(), feed()").is_empty());
}

#[test]
fn siblings_are_known_unless_a_splice_brings_some() {
    only(of_tree("feed() { after = [nobody] }"));
    only(of_tree("inner: { feed() }, risk() { after = [feed] }"));
    assert!(of_tree("..extra(), feed() { after = [nobody] }").is_empty());
    only(of_tree("billing: ..tree(), feed() { after = [nobody] }"));
    assert!(of_tree("billing: ..tree(), feed() { after = [billing] }").is_empty());
}

#[test]
fn a_dependency_comes_first_where_there_is_an_order() {
    assert_eq!(
        first_line(of_tree("a: feed(), b: feed() { after = [a, a] }")),
        "`a` stands in `after` twice"
    );
    let late = "a: feed() { after = [b] }, b: feed()";
    only(of_tree(late));
    only(of_tree(&format!(r#"start = "ordered", {late}"#)));
    for start in [r#""concurrent""#, "START"] {
        assert!(
            of_tree(&format!("start = {start}, {late}")).is_empty(),
            "{start}"
        );
    }
    assert!(of_tree(&format!(r#"#[cfg(a)] start = "concurrent", {late}"#)).is_empty());
}

#[test]
fn a_cycle_is_reported_once_and_whole() {
    let cycle = "a: feed() { after = [c] }, b: feed() { after = [a] }, c: feed() { after = [b] }";
    let whole = "these children wait for each other: `a` after `c` after `b` after `a`";
    assert_eq!(first_line(of_tree(cycle)), whole);
    assert_eq!(
        first_line(of_tree(&format!(r#"start = "concurrent", {cycle}"#))),
        whole
    );
    let two = format!(
        r#"start = "concurrent", {cycle}, x: feed() {{ after = [y, x] }}, y: feed() {{ after = [x] }}"#
    );
    assert_eq!(of_tree(&two).len(), 2);
    assert_eq!(
        first_line(of_tree("feed() { after = [feed] }")),
        "`feed` waits for itself"
    );
    // Someone who waits for a cycle is not in it.
    let outside = format!(r#"start = "concurrent", w: feed() {{ after = [a] }}, {cycle}"#);
    assert!(first_line(of_tree(&outside)).ends_with("`a` after `c` after `b` after `a`"));
}

#[test]
fn long_chains_are_checked_in_reasonable_time() {
    let mut tree = String::from(r#"start = "concurrent", c0: feed(),"#);
    tree += "c1: feed(), c2: feed(),";
    for n in 3..4_000 {
        write!(tree, "c{n}: feed() {{ after = [c{}, c{}] }},", n - 1, n / 2)
            .expect("a string takes it");
    }
    assert!(of_tree(&tree).is_empty());
}

#[test]
fn a_pool_is_one_for_certain() {
    for pool in ["pool", "pool = true", "pool = 10"] {
        only(of_tree(&format!("{pool}, feed()")));
        only(of_tree(&format!(r#"{pool}, strategy = "rest_for_one""#)));
        only(of_tree(&format!(r#"{pool}, start = "concurrent""#)));
        only(of_tree(&format!("{pool}, max_children = 10")));
        assert!(
            of_tree(&format!(
                r#"{pool}, strategy = "one_for_one", intensity = "1/1s""#
            ))
            .is_empty()
        );
        assert!(of_tree(&format!("{pool}, ..extra, #[cfg(a)] feed()")).is_empty());
    }
    for pool in ["pool = false", "pool = LIMIT", "#[cfg(a)] pool"] {
        assert!(of_tree(&format!("{pool}, feed()")).is_empty(), "{pool}");
    }
}

#[test]
fn significance_needs_a_supervisor_that_looks_at_it() {
    let child = "feed() { significant }";
    for supervisor in [
        "",
        r#"auto_shutdown = "never","#,
        r#"auto_shutdown = "all_ended","#,
    ] {
        only(of_tree(&format!("{supervisor} {child}")));
    }
    for supervisor in [
        r#"auto_shutdown = "any_significant","#,
        r#"auto_shutdown = "all_significant","#,
        "auto_shutdown = AUTO,",
        r#"#[cfg(a)] auto_shutdown = "any_significant","#,
    ] {
        assert!(
            of_tree(&format!("{supervisor} {child}")).is_empty(),
            "{supervisor}"
        );
    }
    let inner = r#"auto_shutdown = "any_significant", gateway: { significant, feed() }"#;
    only(of_tree(inner));
    let inner =
        r#"auto_shutdown = "any_significant", gateway: { significant, restart = "transient" }"#;
    assert!(of_tree(inner).is_empty());
}

#[test]
fn a_budget_needs_somebody_who_hears_the_request() {
    let (deaf, hears) = ("async fn feed() {}", "async fn feed(ctx: TaskContext) {}");
    for shutdown in [r#""10s""#, r#""infinity""#, "GRACE"] {
        only(of_function(&format!("shutdown = {shutdown}"), deaf));
        assert!(of_function(&format!("shutdown = {shutdown}"), hears).is_empty());
        let blocking = format!("blocking, shutdown = {shutdown}");
        assert!(of_function(&blocking, "fn feed() {}").is_empty());
    }
    assert!(of_function(r#"shutdown = "abort""#, deaf).is_empty());
}
