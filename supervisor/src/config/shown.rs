//! The settings of a node as a file would have them, and where two nodes differ.

use std::time::Duration;

use super::reload::SettingChange;
use crate::spec::plan::{ChildPolicy, StopPolicy, SupervisorPolicy};
use crate::spec::policy::{Intensity, Pool, Shutdown};

/// Each setting with its value; those of two nodes are in the same order.
pub(super) type Shown = Vec<(&'static str, String)>;

pub(super) fn differences(before: &Shown, after: &Shown) -> Vec<SettingChange> {
    let pairs = before.iter().zip(after);
    let different = pairs.filter(|((_, before), (_, after))| before != after);
    different
        .map(|((setting, from), (_, to))| SettingChange {
            setting,
            from: from.clone(),
            to: to.clone(),
        })
        .collect()
}

/// The policy of a child, as a file would have it.
pub(super) fn of_child(policy: &ChildPolicy) -> Shown {
    let ChildPolicy {
        restart,
        backoff,
        backoff_reset,
        fuse,
        stop,
        readiness,
        ready_within,
        significant,
        critical,
        heartbeat,
        timeout,
        stall_after,
        on_stuck,
        tags,
        decides: _,
    } = policy;
    let backoff = match (backoff.min(), backoff.max()) {
        (Duration::ZERO, Duration::ZERO) => "none".to_owned(),
        (min, max) if min == max => format!("{min:?}"),
        (min, max) => format!("{min:?}..{max:?}"),
    };
    let shutdown = match stop {
        StopPolicy::Drop | StopPolicy::Shutdown(Shutdown::Abort) => "abort".to_owned(),
        StopPolicy::Shutdown(Shutdown::Infinity) => "infinity".to_owned(),
        StopPolicy::Shutdown(Shutdown::Within(budget)) => format!("{budget:?}"),
    };
    vec![
        ("restart", word(restart)),
        ("backoff", backoff),
        ("backoff_reset", format!("{backoff_reset:?}")),
        ("fuse", rate(*fuse)),
        ("shutdown", shutdown),
        ("readiness", word(readiness)),
        ("ready_within", format!("{ready_within:?}")),
        ("significant", significant.to_string()),
        ("critical", critical.to_string()),
        ("heartbeat", length(*heartbeat)),
        ("timeout", length(*timeout)),
        ("stall_after", length(*stall_after)),
        ("on_stuck", word(on_stuck)),
        ("tags", format!("[{}]", tags.join(", "))),
    ]
}

/// The policy of a supervisor, as a file would have it.
pub(super) fn of_supervisor(policy: &SupervisorPolicy) -> Shown {
    let SupervisorPolicy {
        strategy,
        intensity,
        on_exhausted,
        auto_shutdown,
        start,
        first_start,
        while_starting,
        pool,
        add,
        max_children,
        history,
        shutdown_within,
    } = policy;
    let pool = match pool {
        Pool::Limited(limit) => limit.to_string(),
        Pool::Off => "false".to_owned(),
        Pool::Unlimited => "true".to_owned(),
    };
    let number = |number: &Option<usize>| {
        number.map_or_else(|| "none".to_owned(), |number| number.to_string())
    };
    vec![
        ("strategy", word(strategy)),
        ("intensity", rate(*intensity)),
        ("on_exhausted", word(on_exhausted)),
        ("auto_shutdown", word(auto_shutdown)),
        ("start", word(start)),
        ("first_start", word(first_start)),
        ("while_starting", word(while_starting)),
        ("pool", pool),
        ("add", word(add)),
        ("max_children", number(max_children)),
        ("history", number(history)),
        ("shutdown_within", length(*shutdown_within)),
    ]
}

/// A variant as the word that names it: `OneForAll` is `one_for_all`.
fn word(policy: &impl std::fmt::Debug) -> String {
    let mut word = String::new();
    for character in format!("{policy:?}").chars() {
        if character.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(character.to_lowercase());
    }
    word
}

fn length(length: Option<Duration>) -> String {
    length.map_or_else(|| "none".to_owned(), |length| format!("{length:?}"))
}

fn rate(limit: Option<Intensity>) -> String {
    limit.map_or_else(
        || "default".to_owned(),
        |limit| format!("{}/{:?}", limit.restarts, limit.window),
    )
}
