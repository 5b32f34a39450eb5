//! The one table of settings.
//!
//! A row says where a setting may stand, what it accepts and what it is for. The macros, the
//! library and its documentation are written from these rows: a new setting is a new row, and the
//! consuming setter of the same name that `ChildSpec` or `SupervisorSpec` has for it.

use std::fmt;

use crate::suggest::Unknown;
use crate::value::{Kind, Text};
use crate::word;

/// One row: a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What is written before the `=`.
    pub key: &'static str,
    /// Where it may stand.
    pub places: &'static [Place],
    /// What it accepts.
    pub kind: Kind,
    /// What holds when it is not written.
    pub default: &'static str,
    /// What it is for, in one line.
    pub doc: &'static str,
}

/// Where a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// On a function: `#[supervised(..)]`.
    Function,
    /// On one use of it in a tree: `feed(..) { .. }`.
    Child,
    /// In the braces of a nested supervisor.
    Nested,
    /// At the root of a tree.
    Root,
}

/// Anything that has a parent.
const CHILD: &[Place] = &[Place::Function, Place::Child, Place::Nested];

/// A child that runs a function.
const WORKER: &[Place] = &[Place::Function, Place::Child];

/// Anything that has children.
const SUPERVISOR: &[Place] = &[Place::Nested, Place::Root];

/// All settings, those of children first.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "restart",
        places: CHILD,
        kind: Kind::Text(Text::Word(&word::RESTART)),
        default: r#""transient"; nested supervisors "permanent""#,
        doc: "after which ends it is started again",
    },
    Setting {
        key: "backoff",
        places: CHILD,
        kind: Kind::Text(Text::Range),
        default: r#""100ms..30s""#,
        doc: "how long it waits before a restart, doubling",
    },
    Setting {
        key: "backoff_reset",
        places: WORKER,
        kind: Kind::Text(Text::Duration),
        default: "the upper bound of the back-off, at least 10s",
        doc: "how long it must be healthy for the back-off to begin anew",
    },
    Setting {
        key: "fuse",
        places: CHILD,
        kind: Kind::Text(Text::Rate),
        default: "none",
        doc: "how many restarts of its own it may have before it is quarantined",
    },
    Setting {
        key: "shutdown",
        places: WORKER,
        kind: Kind::Text(Text::Budget),
        default: r#""5s""#,
        doc: "how long it may take to stop before it is dropped",
    },
    Setting {
        key: "readiness",
        places: WORKER,
        kind: Kind::Text(Text::Word(&word::READINESS)),
        default: r#""immediate""#,
        doc: "when its start counts as complete",
    },
    Setting {
        key: "ready_within",
        places: WORKER,
        kind: Kind::Text(Text::Duration),
        default: r#""30s" where it is not ready at once"#,
        doc: "how long its start may take",
    },
    Setting {
        key: "significant",
        places: CHILD,
        kind: Kind::Flag,
        default: "false",
        doc: "whether its end counts for the auto-shutdown of its supervisor",
    },
    Setting {
        key: "critical",
        places: CHILD,
        kind: Kind::Flag,
        default: "true",
        doc: "whether the tree counts as ready only while it is",
    },
    Setting {
        key: "blocking",
        places: &[Place::Function],
        kind: Kind::Switch,
        default: "false",
        doc: "a synchronous function that runs on the blocking pool",
    },
    Setting {
        key: "heartbeat",
        places: WORKER,
        kind: Kind::Text(Text::Duration),
        default: "none",
        doc: "how long it may be silent before it counts as hung",
    },
    Setting {
        key: "timeout",
        places: WORKER,
        kind: Kind::Text(Text::Duration),
        default: "none",
        doc: "how long one attempt may last",
    },
    Setting {
        key: "stall_after",
        places: WORKER,
        kind: Kind::Text(Text::Duration),
        default: "none",
        doc: "how long one poll may last before it is reported",
    },
    Setting {
        key: "on_stuck",
        places: WORKER,
        kind: Kind::Text(Text::Word(&word::ON_STUCK)),
        default: r#""wait""#,
        doc: "what its supervisor does when it cannot be stopped",
    },
    Setting {
        key: "local",
        places: &[Place::Function],
        kind: Kind::Switch,
        default: "false",
        doc: "a future that is not `Send`, on a thread of its own",
    },
    Setting {
        key: "tags",
        places: CHILD,
        kind: Kind::Words,
        default: "[]",
        doc: "words for people and filters",
    },
    Setting {
        key: "template",
        places: &[Place::Function],
        kind: Kind::Switch,
        default: "false",
        doc: "whether files and manifests can start it by its name",
    },
    Setting {
        key: "after",
        places: &[Place::Child, Place::Nested],
        kind: Kind::Names,
        default: "[]",
        doc: "the siblings that must be up before it starts",
    },
    Setting {
        key: "strategy",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::STRATEGY)),
        default: r#""one_for_one""#,
        doc: "which siblings a restart takes along",
    },
    Setting {
        key: "intensity",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Rate),
        default: r#""10/10s" for each child"#,
        doc: "how many restarts it accepts before it gives up",
    },
    Setting {
        key: "on_exhausted",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::ON_EXHAUSTED)),
        default: r#""escalate""#,
        doc: "what it does when it has restarted too often",
    },
    Setting {
        key: "auto_shutdown",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::AUTO_SHUTDOWN)),
        default: r#""never""#,
        doc: "which ends of its children make it shut down",
    },
    Setting {
        key: "start",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::START)),
        default: r#""ordered""#,
        doc: "in which order its children start",
    },
    Setting {
        key: "first_start",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::FIRST_START)),
        default: r#""fail""#,
        doc: "what it does when a child fails in its first start",
    },
    Setting {
        key: "while_starting",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::WHILE_STARTING)),
        default: r#""interrupt""#,
        doc: "what a stop does to a child that is starting",
    },
    Setting {
        key: "pool",
        places: SUPERVISOR,
        kind: Kind::Limit,
        default: "false",
        doc: "whether it is a pool of instances, and of how many",
    },
    Setting {
        key: "add",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Word(&word::ADD)),
        default: r#""yes""#,
        doc: "whether children may be added at run time",
    },
    Setting {
        key: "max_children",
        places: SUPERVISOR,
        kind: Kind::Count,
        default: "no limit",
        doc: "how many children it may have",
    },
    Setting {
        key: "history",
        places: SUPERVISOR,
        kind: Kind::Count,
        default: "as above it, and 8 at the root",
        doc: "how many ends of each child are kept",
    },
    Setting {
        key: "shutdown_within",
        places: SUPERVISOR,
        kind: Kind::Text(Text::Duration),
        default: "none",
        doc: "how long everything below it may take to stop",
    },
    Setting {
        key: "crate",
        places: &[Place::Function, Place::Root],
        kind: Kind::Path,
        default: r#""::rust_supervisor""#,
        doc: "where the library is, if it has another name",
    },
];

/// The settings that may stand in `place`, in the order of the table.
pub fn at(place: Place) -> impl Iterator<Item = &'static Setting> {
    SETTINGS
        .iter()
        .filter(move |setting| setting.places.contains(&place))
}

/// Finds the setting that `key` names in `place`.
///
/// ```
/// use rust_supervisor_settings::table::{self, Place};
///
/// assert!(table::find(Place::Child, "after").is_ok());
/// assert_eq!(
///     table::find(Place::Function, "after").unwrap_err().to_string(),
///     "`after` cannot be set on a function; it is a setting of a child in a tree or a nested \
///      supervisor",
/// );
/// ```
pub fn find(place: Place, key: &str) -> Result<&'static Setting, KeyError> {
    match SETTINGS.iter().find(|setting| setting.key == key) {
        Some(setting) if setting.places.contains(&place) => Ok(setting),
        Some(setting) => Err(KeyError::Misplaced { setting, place }),
        None => {
            let keys = at(place).map(|setting| setting.key);
            Err(KeyError::Unknown(Unknown::new("setting", key, keys)))
        }
    }
}

/// A key that names no setting of its place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// The setting exists, but not here.
    Misplaced {
        /// The setting.
        setting: &'static Setting,
        /// Where it was written.
        place: Place,
    },
    /// There is no such setting.
    Unknown(Unknown),
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(unknown) => unknown.fmt(f),
            Self::Misplaced { setting, place } => {
                let (key, here) = (setting.key, place.noun());
                write!(f, "`{key}` cannot be set on {here}; it is a setting of ")?;
                // Most settings of a nested supervisor are those of any supervisor.
                if setting.places == SUPERVISOR {
                    return f.write_str("a supervisor");
                }
                for (position, place) in setting.places.iter().enumerate() {
                    let separator = match position {
                        0 => "",
                        _ if position + 1 == setting.places.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{separator}{}", place.noun())?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for KeyError {}

impl Place {
    const fn noun(self) -> &'static str {
        match self {
            Self::Child => "a child in a tree",
            Self::Function => "a function",
            Self::Nested => "a nested supervisor",
            Self::Root => "the root of a tree",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(place: Place, key: &str) -> String {
        find(place, key).expect_err(key).to_string()
    }

    #[test]
    fn every_key_stands_in_the_table_once() {
        for (position, setting) in SETTINGS.iter().enumerate() {
            assert!(!setting.places.is_empty(), "{}", setting.key);
            let later = &SETTINGS[position + 1..];
            assert!(
                later.iter().all(|other| other.key != setting.key),
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn a_default_that_is_quoted_is_a_legal_value() {
        for setting in SETTINGS {
            let Kind::Text(text) = setting.kind else {
                continue;
            };
            for quoted in setting.default.split('"').skip(1).step_by(2) {
                assert!(text.read(quoted).is_ok(), "{}: {quoted}", setting.key);
            }
        }
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_and_with_all() {
        let message = message(Place::Function, "restrat");
        assert!(
            message.starts_with(
                "unknown setting `restrat`; did you mean `restart`?\n\
                 expected one of: `restart`, `backoff`, `backoff_reset`, `fuse`, "
            ),
            "{message}"
        );
        assert!(!message.contains("strategy"), "{message}");
    }

    #[test]
    fn a_key_of_another_place_says_where_it_belongs() {
        assert_eq!(
            message(Place::Child, "strategy"),
            "`strategy` cannot be set on a child in a tree; it is a setting of a supervisor"
        );
        assert_eq!(
            message(Place::Child, "blocking"),
            "`blocking` cannot be set on a child in a tree; it is a setting of a function"
        );
        assert_eq!(
            message(Place::Root, "restart"),
            "`restart` cannot be set on the root of a tree; it is a setting of a function, a child \
             in a tree or a nested supervisor"
        );
    }
}
