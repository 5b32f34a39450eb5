//! A specification that is not sound is refused whole, before anything starts: every mistake at
//! once, each with the child and the remedy.

use std::time::Duration;

use rust_supervisor::spec::backoff::Backoff;
use rust_supervisor::spec::policy::{
    AutoShutdown, Intensity, Readiness, RestartPolicy, Shutdown, StartOrder,
};
use rust_supervisor::{ChildSpec, StartError, Supervisor, SupervisorSpec, supervised};
use supervisor_tests::{Log, obedient};

fn child(name: &str) -> ChildSpec {
    ChildSpec::from_fn(name, |_ctx| async {})
}

/// The problems, one line each; nothing of a sibling has run.
async fn problems(
    children: Vec<ChildSpec>,
    adjust: fn(SupervisorSpec) -> SupervisorSpec,
) -> String {
    let log = Log::new();
    let mut all = vec![obedient("first", &log, Duration::ZERO)];
    all.extend(children);
    let error = Supervisor::start(adjust(SupervisorSpec::root(all)))
        .await
        .expect_err("refused");
    assert!(matches!(error, StartError::Invalid(_)), "{error:?}");
    assert_eq!(log.lines(), Vec::<String>::new(), "nothing has started");
    error.to_string()
}

/// Cannot hear anything.
#[supervised]
async fn deaf() {
    std::future::pending::<()>().await;
}

const AS_IT_IS: fn(SupervisorSpec) -> SupervisorSpec = |spec| spec;
const CONCURRENT: fn(SupervisorSpec) -> SupervisorSpec = |spec| spec.start(StartOrder::Concurrent);

#[tokio::test]
async fn each_mistake_names_the_child_and_the_remedy() {
    let second = Duration::from_secs(1);
    let long = "x".repeat(65);
    for (children, adjust, says) in [
        (
            vec![child("a"), child("a")],
            AS_IT_IS,
            vec!["`a`", "twice", "named"],
        ),
        (vec![child("")], AS_IT_IS, vec!["``", "empty"]),
        (vec![child("a/b")], AS_IT_IS, vec!["`a/b`"]),
        (vec![child("ä")], AS_IT_IS, vec!["`ä`"]),
        (vec![child(&long)], AS_IT_IS, vec![&*long]),
        (
            vec![child("a").after(["firts"])],
            AS_IT_IS,
            vec!["`a`", "did you mean `first`?"],
        ),
        (
            vec![child("a").after(["b"]), child("b")],
            AS_IT_IS,
            vec!["`a`", "`b`", "move it up"],
        ),
        (
            vec![child("a").after(["a"])],
            AS_IT_IS,
            vec!["`a` after `a`"],
        ),
        (
            vec![
                child("a").after(["c"]),
                child("b").after(["a"]),
                child("c").after(["b"]),
            ],
            CONCURRENT,
            vec!["wait for each other", "`a` after `c` after `b` after `a`"],
        ),
        (
            vec![
                child("a")
                    .significant(true)
                    .restart(RestartPolicy::Permanent),
            ],
            |spec| spec.auto_shutdown(AutoShutdown::AnySignificant),
            vec!["`a`", "`significant` and `permanent`"],
        ),
        (
            vec![ChildSpec::supervisor("sub", SupervisorSpec::default()).timeout(second)],
            AS_IT_IS,
            vec!["`sub` is a supervisor", "`timeout`"],
        ),
        (
            vec![child("a").significant(true)],
            AS_IT_IS,
            vec!["`a`", "auto_shutdown"],
        ),
        (
            vec![child("a").backoff(Backoff::exponential(2 * second, second))],
            AS_IT_IS,
            vec!["`a`", "smaller first"],
        ),
        (
            vec![
                child("a")
                    .readiness(Readiness::Explicit)
                    .ready_within(Duration::ZERO),
            ],
            AS_IT_IS,
            vec!["`a`", "ready_within"],
        ),
        (
            vec![
                child("a")
                    .readiness(Readiness::Completed)
                    .restart(RestartPolicy::Permanent),
            ],
            AS_IT_IS,
            vec!["`a`", "`completed`", "`transient`"],
        ),
        (
            vec![child("a")],
            |spec| spec.intensity(Intensity::new(5, Duration::ZERO)),
            vec!["`/`", "window"],
        ),
        (
            vec![child("a")],
            |spec| spec.pool(true),
            vec!["pool", "`first`"],
        ),
    ] {
        let text = problems(children, adjust).await;
        for part in says {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
}

#[tokio::test]
async fn each_mistake_in_a_limit_names_the_child_and_the_remedy() {
    let second = Duration::from_secs(1);
    for (children, adjust, says) in [
        (
            vec![child("a").fuse(Intensity::new(5, Duration::ZERO))],
            AS_IT_IS,
            vec!["`a`", "`fuse`", "window"],
        ),
        (
            vec![child("a").heartbeat(Duration::ZERO)],
            AS_IT_IS,
            vec!["`a`", "`heartbeat`", "positive"],
        ),
        (
            vec![child("a").readiness(Readiness::Completed).heartbeat(second)],
            AS_IT_IS,
            vec!["`a`", "`completed`", "`heartbeat`", "`timeout`"],
        ),
        (
            vec![child("a").timeout(Duration::ZERO)],
            AS_IT_IS,
            vec!["`a`", "`timeout`", "positive"],
        ),
        (
            vec![child("a").stall_after(Duration::ZERO)],
            AS_IT_IS,
            vec!["`a`", "`stall_after`", "positive"],
        ),
        (
            vec![child("a")],
            |spec| spec.shutdown_within(Duration::ZERO),
            vec!["`/`", "`shutdown_within`", "positive"],
        ),
        (
            vec![child("a").shutdown(2 * second)],
            |spec| spec.shutdown_within(Duration::from_secs(1)),
            vec!["`a` may take 2s", "`/` has 1s", "write less there"],
        ),
        (
            vec![child("a").shutdown(Shutdown::Infinity)],
            |spec| spec.shutdown_within(Duration::from_secs(1)),
            vec!["`a` may take as long as it likes", "`/` has 1s"],
        ),
        (
            vec![child("a").tags(["two words"])],
            AS_IT_IS,
            vec!["`a`", "`two words` is not a tag"],
        ),
        (
            vec![deaf::spec().heartbeat(second)],
            AS_IT_IS,
            vec!["`deaf`", "`heartbeat` needs a `TaskContext`"],
        ),
        (
            vec![deaf::spec().readiness(Readiness::Explicit)],
            AS_IT_IS,
            vec!["`deaf`", "explicit", "needs a `TaskContext`"],
        ),
    ] {
        let text = problems(children, adjust).await;
        for part in says {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }
}

#[tokio::test]
async fn all_mistakes_of_a_tree_are_told_at_once_with_their_paths() {
    let inner = SupervisorSpec::root(vec![child("x"), child("x"), child("y").after(["nobody"])])
        .intensity(Intensity::new(1, Duration::ZERO));
    let text = problems(
        vec![
            child(" "),
            ChildSpec::supervisor("inner", inner),
            child("first"),
        ],
        AS_IT_IS,
    )
    .await;
    assert_eq!(text.lines().count(), 5, "{text}");
    for part in [
        "`inner/x`",
        "`inner/y`",
        "`inner`: the window",
        "`first` is declared twice",
    ] {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[tokio::test]
async fn a_mistake_in_a_nested_supervisor_is_refused_before_anything_starts() {
    // OTP calls both of them `bad_combination`.
    for significant in [
        child("x").significant(true),
        child("x")
            .significant(true)
            .restart(RestartPolicy::Permanent),
    ] {
        let inner = SupervisorSpec::root(vec![significant]);
        let middle = SupervisorSpec::root(vec![ChildSpec::supervisor("inner", inner)]);
        // It also says that what stands before it has not started.
        let text = problems(vec![ChildSpec::supervisor("middle", middle)], AS_IT_IS).await;
        assert!(text.contains("`middle/inner/x`"), "{text}");
    }
}

#[tokio::test]
async fn supervisors_that_are_nested_too_deep_are_refused() {
    let mut spec = SupervisorSpec::root(vec![child("leaf")]);
    for n in 0..100 {
        spec = SupervisorSpec::root(vec![ChildSpec::supervisor(format!("s{n}"), spec)]);
    }
    let error = Supervisor::start(spec).await.expect_err("too deep");
    assert!(
        error.to_string().contains("deeper than 64 levels"),
        "{error}"
    );
}

#[tokio::test]
async fn an_intensity_of_zero_is_legal() {
    let spec =
        SupervisorSpec::root(vec![child("a")]).intensity(Intensity::new(0, Duration::from_secs(1)));
    let handle = Supervisor::start(spec).await.expect("legal");
    handle.shutdown().await.expect("stops");
}

#[tokio::test]
async fn a_child_that_is_added_fits_below_every_deadline_above_it() {
    let inner = SupervisorSpec::root(Vec::new());
    let spec = SupervisorSpec::root(vec![ChildSpec::supervisor("inner", inner)])
        .shutdown_within(Duration::from_secs(2));
    let handle = Supervisor::start(spec).await.expect("legal");
    let slow = SupervisorSpec::root(vec![child("slow").shutdown(Duration::from_secs(3))]);
    let error = handle
        .start_child("inner", ChildSpec::supervisor("late", slow))
        .await
        .expect_err("refused");
    let text = error.to_string();
    assert!(
        text.contains("`inner/late/slow` may take 3s") && text.contains("`/` has 2s"),
        "{text}"
    );
    handle
        .start_child("inner", child("quick").shutdown(Duration::from_secs(2)))
        .await
        .expect("fits");
    handle.shutdown().await.expect("stops");
}
