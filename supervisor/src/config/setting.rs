//! A setting of a file: read by the grammar of the table, and set on the specification.
//!
//! One line for each key; a test sees to it that every key of the table has one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rust_supervisor_settings::budget::Budget;
use rust_supervisor_settings::contradiction::Written;
use rust_supervisor_settings::range::Range;
use rust_supervisor_settings::table::{self, Place};
use rust_supervisor_settings::value::{Kind, Text, Value as Meaning};
use rust_supervisor_settings::{name, tag};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error as WordError};

use crate::id::types::ChildId;
use crate::spec::backoff::Backoff;
use crate::spec::child::ChildSpec;
use crate::spec::policy::{Intensity, Pool, Shutdown};
use crate::spec::supervisor::SupervisorSpec;
use crate::template::Value;

/// A setting whose value could be read.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    pub(crate) row: &'static table::Setting,
    pub(crate) value: Given,
}

/// What it is set to.
#[derive(Clone, Debug)]
pub(crate) enum Given {
    Count(usize),
    Flag(bool),
    Limit(Pool),
    Names(Vec<String>),
    Text(Meaning),
}

/// The settings that a file may write in a place.
///
/// What belongs to a function alone cannot be set from outside.
pub(crate) fn of(place: Place) -> impl Iterator<Item = &'static table::Setting> {
    table::at(place).filter(|row| !matches!(row.kind, Kind::Path | Kind::Switch))
}

/// Reads the value of a setting.
pub(crate) fn read(row: &'static table::Setting, value: &Value) -> Result<Setting, String> {
    let given = match (row.kind, value) {
        (Kind::Count, value) => whole(value).map(Given::Count),
        (Kind::Flag, Value::Bool(on)) => Some(Given::Flag(*on)),
        (Kind::Limit, Value::Bool(on)) => Some(Given::Limit((*on).into())),
        (Kind::Limit, value) => whole(value).map(|limit| Given::Limit(limit.into())),
        (Kind::Names | Kind::Words, Value::List(values)) => Some(Given::Names(names(row, values)?)),
        (Kind::Text(text), Value::Text(written)) => Some(meaning(text, written)?),
        // A number that lacks its unit, or anything else that forgot its quotes: the grammar knows
        // what it was meant to be.
        (Kind::Text(text), Value::Integer(_) | Value::Float(_)) => {
            Some(meaning(text, &value.to_string())?)
        }
        (Kind::Flag | Kind::Names | Kind::Path | Kind::Switch | Kind::Text(_) | Kind::Words, _) => {
            None
        }
    };
    match given {
        Some(value) => Ok(Setting { row, value }),
        None if matches!(row.kind, Kind::Count | Kind::Limit)
            && matches!(value, Value::Integer(_)) =>
        {
            Err(format!(
                "`{}` is {}, from 0 to {}; `{value}` is not",
                row.key,
                noun(row.kind),
                usize::MAX
            ))
        }
        None => Err(format!(
            "`{}` is {}, such as `{}`; this is {}",
            row.key,
            noun(row.kind),
            example(row),
            value.noun()
        )),
    }
}

fn meaning(text: Text, written: &str) -> Result<Given, String> {
    text.read(written)
        .map(Given::Text)
        .map_err(|error| error.to_string())
}

fn whole(value: &Value) -> Option<usize> {
    match value {
        Value::Integer(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn names(row: &table::Setting, values: &[Value]) -> Result<Vec<String>, String> {
    let mut names = Vec::with_capacity(values.len());
    let mut seen = HashSet::new();
    for value in values {
        let Value::Text(name) = value else {
            return Err(format!(
                "`{}` is {}, such as `{}`; `{value}` is {}, put it in quotes",
                row.key,
                noun(row.kind),
                example(row),
                value.noun()
            ));
        };
        if row.kind == Kind::Words {
            tag::check(name).map_err(|error| error.to_string())?;
        } else {
            name::check(name).map_err(|error| error.to_string())?;
        }
        if !seen.insert(name) {
            return Err(format!(
                "`{name}` stands in `{}` twice; remove one of the two",
                row.key
            ));
        }
        names.push(name.clone());
    }
    Ok(names)
}

/// What a setting accepts, for messages.
pub(crate) fn noun(kind: Kind) -> String {
    match kind {
        Kind::Count => "a whole number".to_owned(),
        Kind::Flag | Kind::Switch => "`true` or `false`".to_owned(),
        Kind::Limit => "`true`, `false` or a whole number".to_owned(),
        Kind::Names => "a list of siblings".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Text(text) => {
            let noun = text.noun();
            let article = if noun.starts_with('a') { "an" } else { "a" };
            format!("{article} {noun} as a text")
        }
        Kind::Words => "a list of tags".to_owned(),
    }
}

/// A value as it might be written.
pub(crate) fn example(row: &table::Setting) -> String {
    match row.kind {
        Kind::Count | Kind::Limit => "1000".to_owned(),
        Kind::Flag | Kind::Switch => "true".to_owned(),
        Kind::Names => "[feed]".to_owned(),
        Kind::Path => "::my_supervisor".to_owned(),
        Kind::Text(text) => text.example().to_owned(),
        Kind::Words => "[billing]".to_owned(),
    }
}

impl Setting {
    /// Sets it on a child; what a supervisor is to its own children is set on that.
    pub(crate) fn set_child(&self, child: &mut ChildSpec) {
        let settings = &mut child.settings;
        match (self.row.key, &self.value) {
            ("restart", value) => settings.restart = value.word(),
            ("backoff", value) => settings.backoff = value.backoff(),
            ("backoff_reset", value) => settings.backoff_reset = value.duration(),
            ("fuse", value) => settings.fuse = value.rate(),
            ("shutdown", value) => settings.shutdown = value.shutdown(),
            ("readiness", value) => settings.readiness = value.word().unwrap_or_default(),
            ("ready_within", value) => settings.ready_within = value.duration(),
            ("significant", Given::Flag(on)) => settings.significant = *on,
            ("critical", Given::Flag(on)) => settings.critical = *on,
            ("heartbeat", value) => settings.heartbeat = value.duration(),
            ("timeout", value) => settings.timeout = value.duration(),
            ("stall_after", value) => settings.stall_after = value.duration(),
            ("on_stuck", value) => settings.on_stuck = value.word().unwrap_or_default(),
            ("tags", Given::Names(tags)) => {
                settings.tags = tags.iter().map(|tag| Arc::from(tag.as_str())).collect();
            }
            ("after", Given::Names(names)) => {
                child.after = names
                    .iter()
                    .map(|name| ChildId::new(name.as_str()))
                    .collect();
            }
            (key, _) => unreachable!("`{key}` is no setting of a child"),
        }
    }

    /// Sets it on a supervisor.
    pub(crate) fn set_supervisor(&self, spec: &mut SupervisorSpec) {
        match (self.row.key, &self.value) {
            ("strategy", value) => spec.strategy = value.word().unwrap_or_default(),
            ("intensity", value) => spec.intensity = value.rate(),
            ("on_exhausted", value) => spec.on_exhausted = value.word().unwrap_or_default(),
            ("auto_shutdown", value) => spec.auto_shutdown = value.word().unwrap_or_default(),
            ("start", value) => spec.start = value.word().unwrap_or_default(),
            ("first_start", value) => spec.first_start = value.word().unwrap_or_default(),
            ("while_starting", value) => spec.while_starting = value.word().unwrap_or_default(),
            ("pool", Given::Limit(pool)) => spec.pool = *pool,
            ("add", value) => spec.add = value.word().unwrap_or_default(),
            ("max_children", Given::Count(limit)) => spec.max_children = Some(*limit),
            ("history", Given::Count(ends)) => spec.history = Some(*ends),
            ("shutdown_within", value) => spec.shutdown_within = value.duration(),
            (key, _) => unreachable!("`{key}` is no setting of a supervisor"),
        }
    }

    /// Whether it says how a supervisor treats its children.
    pub(crate) fn is_of_supervisor(&self) -> bool {
        self.row.places.contains(&Place::Root)
    }
}

impl Given {
    /// A word, as the policy whose variant it names.
    fn word<T: DeserializeOwned>(&self) -> Option<T> {
        let Self::Text(Meaning::Word(word)) = self else {
            return None;
        };
        let variant: serde::de::value::StrDeserializer<'_, WordError> =
            word.text.into_deserializer();
        T::deserialize(variant).ok()
    }

    fn backoff(&self) -> Option<Backoff> {
        match self {
            Self::Text(Meaning::Range(range)) => Some(match *range {
                Range::Between(low, high) => Backoff::exponential(low, high),
                Range::Constant(delay) => Backoff::constant(delay),
                Range::None => Backoff::none(),
            }),
            _ => None,
        }
    }

    fn duration(&self) -> Option<Duration> {
        match self {
            Self::Text(Meaning::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    fn rate(&self) -> Option<Intensity> {
        match self {
            Self::Text(Meaning::Rate(rate)) => Some(Intensity::new(rate.count, rate.window)),
            _ => None,
        }
    }

    fn shutdown(&self) -> Option<Shutdown> {
        match self {
            Self::Text(Meaning::Budget(budget)) => Some(match *budget {
                Budget::Abort => Shutdown::Abort,
                Budget::Infinity => Shutdown::Infinity,
                Budget::Within(budget) => Shutdown::Within(budget),
            }),
            _ => None,
        }
    }
}

/// The settings of one place, looked at for contradictions.
pub(crate) struct InOnePlace<'s>(pub(crate) &'s [Setting]);

impl InOnePlace<'_> {
    fn get(&self, key: &str) -> Option<&Given> {
        let found = self.0.iter().find(|setting| setting.row.key == key);
        found.map(|setting| &setting.value)
    }
}

impl Written for InOnePlace<'_> {
    fn word(&self, key: &str) -> Option<&'static str> {
        match self.get(key)? {
            Given::Text(Meaning::Word(word)) => Some(word.text),
            _ => None,
        }
    }

    fn is_on(&self, key: &str) -> bool {
        match self.get(key) {
            Some(Given::Flag(on)) => *on,
            Some(Given::Limit(pool)) => *pool != Pool::Off,
            _ => false,
        }
    }

    fn is_set(&self, key: &str) -> bool {
        self.get(key).is_some()
            && (self.is_on(key) || !matches!(self.get(key), Some(Given::Flag(_))))
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        self.get(key)?.duration()
    }

    fn text(&self, key: &str) -> String {
        let duration = self.duration(key).unwrap_or_default();
        format!("{duration:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value that a setting accepts, and that is not its default.
    fn unusual(row: &table::Setting) -> Value {
        match row.kind {
            Kind::Count | Kind::Limit => Value::Integer(7),
            Kind::Flag => Value::Bool(!row.default.contains("true")),
            Kind::Names | Kind::Words => Value::List(vec!["x".into()]),
            Kind::Text(Text::Word(words)) => {
                let usual = |word: &&&str| !row.default.starts_with(&format!("\"{word}\""));
                (*words.words.iter().find(usual).expect("another word")).into()
            }
            Kind::Text(Text::Budget) => "11s".into(),
            Kind::Text(Text::Duration) => "11s".into(),
            Kind::Text(Text::Range) => "11ms..12s".into(),
            Kind::Text(Text::Rate) => "3/11s".into(),
            Kind::Path | Kind::Switch => unreachable!("not in a file"),
        }
    }

    #[test]
    fn every_setting_of_the_table_changes_something() {
        for place in [Place::Child, Place::Nested, Place::Root] {
            for row in of(place) {
                let setting = read(row, &unusual(row)).expect(row.key);
                let inner = SupervisorSpec::root(vec![]);
                let mut child = ChildSpec::supervisor("x", inner);
                let before = format!("{child:?}");
                if setting.is_of_supervisor() {
                    let crate::spec::child::Body::Supervisor(inner) = &mut child.body else {
                        unreachable!("it is one");
                    };
                    setting.set_supervisor(inner);
                } else {
                    setting.set_child(&mut child);
                }
                assert_ne!(format!("{child:?}"), before, "{}", row.key);
            }
        }
    }

    #[test]
    fn a_value_of_another_kind_says_what_is_expected() {
        let fails = |key, value: Value| {
            let row = table::find(Place::Nested, key).expect(key);
            read(row, &value).expect_err(key)
        };
        assert_eq!(
            fails("critical", "yes".into()),
            "`critical` is `true` or `false`, such as `true`; this is a text"
        );
        assert_eq!(
            fails("intensity", Value::Bool(true)),
            "`intensity` is a rate as a text, such as `5/30s`; this is a boolean"
        );
        assert_eq!(
            fails("shutdown_within", Value::Integer(5)),
            "a duration needs a unit: did you mean `5ms` or `5s`?"
        );
        assert_eq!(
            fails("after", "feed".into()),
            "`after` is a list of siblings, such as `[feed]`; this is a text"
        );
        assert!(fails("max_children", Value::Integer(-1)).contains("a whole number"));
    }
}
