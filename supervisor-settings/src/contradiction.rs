//! Settings of one place that contradict each other.
//!
//! Across places there are no contradictions: the later place overrides the earlier one.

use std::fmt;
use std::time::Duration;

/// What is written in one place.
pub trait Written {
    /// The word that a key is known to be set to.
    fn word(&self, key: &str) -> Option<&'static str>;
    /// Whether a flag or a limit is known to be on.
    fn is_on(&self, key: &str) -> bool;
    /// Whether a key is set, and not a flag that is or may be off.
    fn is_set(&self, key: &str) -> bool;
    /// The duration that a key is known to be set to.
    fn duration(&self, key: &str) -> Option<Duration>;
    /// The value of a key, as it is written.
    fn text(&self, key: &str) -> String;
}

/// A setting that something else in the same place leaves without effect, or without sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contradiction {
    /// The setting.
    pub key: &'static str,
    message: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Contradiction {}

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

/// Every contradiction within one place.
pub fn within(written: &impl Written) -> Vec<Contradiction> {
    let mut found = Vec::new();
    for rule in RULES {
        let holds = match rule.when {
            When::Is(key, word) => written.word(key) == Some(word),
            When::On(key) => written.is_on(key),
        };
        if !holds {
            continue;
        }
        for key in rule.keys.iter().filter(|key| written.is_set(key)) {
            found.push(no_effect(key, rule.because, rule.remedy));
        }
    }
    found.extend(completed_for_ever(written));
    found.extend(longer_than_an_attempt(written));
    found.extend(pool_strategy(written));
    found
}

fn no_effect(key: &'static str, because: impl fmt::Display, remedy: &str) -> Contradiction {
    Contradiction {
        key,
        message: format!("`{key}` has no effect: {because}\n{remedy}"),
    }
}

fn completed_for_ever(written: &impl Written) -> Option<Contradiction> {
    let permanent = written.word("restart") == Some("permanent");
    (permanent && written.word("readiness") == Some("completed")).then(|| Contradiction {
        key: "readiness",
        message: "a `permanent` child is never completed: it is started again after any end\n\
                  write `restart = \"transient\"` or `restart = \"temporary\"`"
            .to_owned(),
    })
}

/// What takes longer than an attempt may last is never seen.
fn longer_than_an_attempt(written: &impl Written) -> Vec<Contradiction> {
    let Some(longest) = written.duration("timeout") else {
        return Vec::new();
    };
    let longer = |key: &&&'static str| written.duration(key).is_some_and(|length| length > longest);
    ["ready_within", "heartbeat"]
        .iter()
        .filter(longer)
        .map(|key| {
            let timeout = written.text("timeout");
            no_effect(
                key,
                format_args!("with `timeout = {timeout}`, no attempt lasts that long"),
                "write less here, or more there",
            )
        })
        .collect()
}

fn pool_strategy(written: &impl Written) -> Option<Contradiction> {
    let others = matches!(
        written.word("strategy"),
        Some("one_for_all" | "rest_for_one" | "dependents")
    );
    (others && written.is_on("pool")).then(|| {
        no_effect(
            "strategy",
            "the instances of a pool are restarted one by one",
            "remove it",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table;

    struct Place(&'static [(&'static str, &'static str)]);

    impl Written for Place {
        fn word(&self, key: &str) -> Option<&'static str> {
            let found = self.0.iter().find(|(other, _)| *other == key);
            found.map(|(_, value)| *value)
        }

        fn is_on(&self, key: &str) -> bool {
            self.word(key) == Some("true")
        }

        fn is_set(&self, key: &str) -> bool {
            self.word(key).is_some_and(|value| value != "false")
        }

        fn duration(&self, key: &str) -> Option<Duration> {
            crate::duration::parse(self.word(key)?).ok()
        }

        fn text(&self, key: &str) -> String {
            self.word(key).unwrap_or_default().to_owned()
        }
    }

    fn messages(place: &'static [(&'static str, &'static str)]) -> Vec<String> {
        let found = within(&Place(place));
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_rule_is_about_settings_of_the_table() {
        let known = |key: &str| table::SETTINGS.iter().any(|setting| setting.key == key);
        for rule in RULES {
            let (When::Is(key, _) | When::On(key)) = rule.when;
            assert!(known(key), "{key}");
            assert!(rule.keys.iter().all(|key| known(key)), "{:?}", rule.keys);
        }
    }

    #[test]
    fn what_has_no_effect_is_said_to_have_none() {
        assert_eq!(
            messages(&[("restart", "temporary"), ("backoff", "1s..2s")]),
            [
                "`backoff` has no effect: a `temporary` child is never restarted\n\
                 remove it, or write `restart = \"transient\"`"
            ]
        );
        assert_eq!(
            messages(&[("timeout", "5s"), ("heartbeat", "6s")]),
            [
                "`heartbeat` has no effect: with `timeout = 5s`, no attempt lasts that long\n\
                 write less here, or more there"
            ]
        );
        assert_eq!(
            messages(&[("pool", "true"), ("strategy", "one_for_all")]).len(),
            1
        );
        assert_eq!(
            messages(&[("pool", "true"), ("strategy", "one_for_one")]).len(),
            0
        );
        assert_eq!(
            messages(&[("restart", "permanent"), ("significant", "false")]).len(),
            0
        );
    }
}
