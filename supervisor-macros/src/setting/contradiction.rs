//! Settings of one place that contradict each other.
//!
//! Across places there are no contradictions: a tree overrides what a function says. What depends
//! on the value of an expression is left to the library, which checks the whole tree at its start.

use rust_supervisor_settings::value::{Kind, Value as Text};

use super::{Setting, Settings, Value};
use crate::diagnostics::Diagnostics;

/// In a place where this holds, settings of some keys have no effect.
struct Rule {
    when: When,
    keys: &'static [&'static str],
    because: &'static str,
    remedy: &'static str,
}

enum When {
    /// A setting is written as this word.
    Is(&'static str, &'static str),
    /// A flag or a limit is on.
    On(&'static str),
}

const RULES: &[Rule] = &[
    Rule {
        when: When::Is("restart", "temporary"),
        keys: &["backoff", "backoff_reset", "fuse"],
        because: "a `temporary` child is never restarted",
        remedy: "remove it, or write `restart = \"transient\"`",
    },
    Rule {
        when: When::Is("restart", "permanent"),
        keys: &["significant"],
        because: "a `permanent` child is started again after any end",
        remedy: "remove it, or write `restart = \"transient\"` or `restart = \"temporary\"`",
    },
    Rule {
        when: When::Is("readiness", "immediate"),
        keys: &["ready_within"],
        because: "a child whose readiness is `immediate` has nothing to wait for",
        remedy: "remove it, or write `readiness = \"explicit\"` or `readiness = \"completed\"`",
    },
    Rule {
        when: When::On("blocking"),
        keys: &["local"],
        because: "a `blocking` function has no future",
        remedy: "remove one of the two",
    },
    Rule {
        when: When::On("blocking"),
        keys: &["stall_after"],
        because: "a `blocking` function is not polled",
        remedy: "remove it, or write `heartbeat` and let the function beat",
    },
    Rule {
        when: When::Is("add", "no"),
        keys: &["max_children"],
        because: "with `add = \"no\"`, no children are added",
        remedy: "remove one of the two",
    },
    Rule {
        when: When::On("pool"),
        keys: &["start"],
        because: "the instances of a pool have no order",
        remedy: "remove it",
    },
    Rule {
        when: When::On("pool"),
        keys: &["add"],
        because: "the instances of a pool are always added at run time",
        remedy: "remove it",
    },
    Rule {
        when: When::On("pool"),
        keys: &["max_children"],
        because: "the limit of a pool is its own",
        remedy: "remove it, and write `pool = 1_000`",
    },
];

/// Reports every contradiction within one place.
pub(crate) fn contradictions(settings: &Settings, diagnostics: &mut Diagnostics) {
    for rule in RULES {
        let holds = match rule.when {
            When::Is(key, word) => settings.word(key) == Some(word),
            When::On(key) => settings.on(key).is_some(),
        };
        if !holds {
            continue;
        }
        // A flag that is off is as good as not written, and one that is an expression may be.
        let is_written = |setting: &&Setting| match setting.value {
            Value::Flag(on) => on,
            Value::Expression(_) => setting.row.kind != Kind::Flag,
            _ => true,
        };
        for setting in rule
            .keys
            .iter()
            .filter_map(|key| settings.get(key))
            .filter(is_written)
        {
            let (key, because, remedy) = (setting.row.key, rule.because, rule.remedy);
            diagnostics.at(
                &setting.key,
                format_args!("`{key}` has no effect: {because}\n{remedy}"),
            );
        }
    }
    completed_for_ever(settings, diagnostics);
    longer_than_an_attempt(settings, diagnostics);
    pool_strategy(settings, diagnostics);
}

fn completed_for_ever(settings: &Settings, diagnostics: &mut Diagnostics) {
    if settings.word("restart") != Some("permanent") {
        return;
    }
    if let (Some("completed"), Some(readiness)) =
        (settings.word("readiness"), settings.get("readiness"))
    {
        diagnostics.at(
            &readiness.key,
            "a `permanent` child is never completed: it is started again after any end\n\
             write `restart = \"transient\"` or `restart = \"temporary\"`",
        );
    }
}

/// What takes longer than an attempt may last is never seen.
fn longer_than_an_attempt(settings: &Settings, diagnostics: &mut Diagnostics) {
    let duration = |key| match settings.get(key)?.value {
        Value::Text(Text::Duration(length)) => Some(length),
        _ => None,
    };
    let (Some(longest), Some(timeout)) = (duration("timeout"), settings.get("timeout")) else {
        return;
    };
    for key in ["ready_within", "heartbeat"] {
        if let (Some(length), Some(setting)) = (duration(key), settings.get(key)) {
            if length > longest {
                let message = format!(
                    "`{key}` has no effect: with `timeout = {}`, no attempt lasts that long\n\
                     write less here, or more there",
                    timeout.written
                );
                diagnostics.at(&setting.key, message);
            }
        }
    }
}

fn pool_strategy(settings: &Settings, diagnostics: &mut Diagnostics) {
    let Some("one_for_all" | "rest_for_one" | "dependents") = settings.word("strategy") else {
        return;
    };
    if let (Some(_), Some(strategy)) = (settings.on("pool"), settings.get("strategy")) {
        diagnostics.at(
            &strategy.key,
            "`strategy` has no effect: the instances of a pool are restarted one by one\n\
             remove it",
        );
    }
}
