//! What a setting accepts, and what its text means.

use std::fmt;
use std::time::Duration;

use crate::budget::{self, Budget, BudgetError};
use crate::duration::{self, DurationError};
use crate::range::{self, Range, RangeError};
use crate::rate::{self, Rate, RateError};
use crate::suggest::Unknown;
use crate::word::{Vocabulary, Word};

/// What a setting accepts.
///
/// Exhaustive on purpose, as [`Text`] and [`Value`] are: whoever adds a kind is led to every place
/// that must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Count,
    /// Yes or no; the bare key is yes.
    Flag,
    /// A flag, or a whole number that is yes with a limit.
    Limit,
    /// A list of names of siblings.
    Names,
    /// The path of the library, where it has another name.
    Path,
    /// A flag that the macro itself must be able to read.
    Switch,
    /// A text with a grammar.
    Text(Text),
    /// A list of [`tag`](crate::tag)s.
    Words,
}

/// The grammar of a setting that is written as a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// [`budget`].
    Budget,
    /// [`duration`]; never zero.
    Duration,
    /// [`range`].
    Range,
    /// [`rate`].
    Rate,
    /// [`word`](crate::word).
    Word(&'static Vocabulary),
}

impl Text {
    /// A text that can be read, for messages.
    #[must_use]
    pub const fn example(&self) -> &'static str {
        match self {
            Self::Budget => "10s",
            Self::Duration => "5s",
            Self::Range => "100ms..30s",
            Self::Rate => "5/30s",
            Self::Word(vocabulary) => vocabulary.words[0],
        }
    }

    /// What is written there, for messages: `restart policy`, `duration`.
    #[must_use]
    pub const fn noun(&self) -> &'static str {
        match self {
            Self::Budget => "shutdown budget",
            Self::Duration => "duration",
            Self::Range => "back-off",
            Self::Rate => "rate",
            Self::Word(vocabulary) => vocabulary.noun,
        }
    }

    /// Reads the text of a setting.
    ///
    /// ```
    /// use std::time::Duration;
    /// use rust_supervisor_settings::value::{Text, Value};
    ///
    /// assert_eq!(Text::Duration.read("5s"), Ok(Value::Duration(Duration::from_secs(5))));
    /// assert!(Text::Duration.read("0s").is_err());
    /// ```
    pub fn read(&self, text: &str) -> Result<Value, ValueError> {
        Ok(match self {
            Self::Budget => Value::Budget(budget::parse(text)?),
            Self::Duration => Value::Duration(duration::parse_positive(text)?),
            Self::Range => Value::Range(range::parse(text)?),
            Self::Rate => Value::Rate(rate::parse(text)?),
            Self::Word(vocabulary) => Value::Word(vocabulary.find(text)?),
        })
    }
}

/// What the text of a setting means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// The time to stop.
    Budget(Budget),
    /// A duration above zero.
    Duration(Duration),
    /// The bounds of a back-off.
    Range(Range),
    /// So many in a window.
    Rate(Rate),
    /// One of a closed set of words.
    Word(Word),
}

/// A text that a setting does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueError {
    /// Not the time to stop.
    Budget(BudgetError),
    /// Not a duration above zero.
    Duration(DurationError),
    /// Not the bounds of a back-off.
    Range(RangeError),
    /// Not a rate.
    Rate(RateError),
    /// None of the words.
    Word(Unknown),
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Budget(error) => error.fmt(f),
            Self::Duration(error) => error.fmt(f),
            Self::Range(error) => error.fmt(f),
            Self::Rate(error) => error.fmt(f),
            Self::Word(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ValueError {
    // The message of the inner error is shown in full, so its own source comes next.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Budget(error) => error.source(),
            Self::Duration(error) => error.source(),
            Self::Range(error) => error.source(),
            Self::Rate(error) => error.source(),
            Self::Word(error) => error.source(),
        }
    }
}

impl From<BudgetError> for ValueError {
    fn from(error: BudgetError) -> Self {
        Self::Budget(error)
    }
}

impl From<DurationError> for ValueError {
    fn from(error: DurationError) -> Self {
        Self::Duration(error)
    }
}

impl From<RangeError> for ValueError {
    fn from(error: RangeError) -> Self {
        Self::Range(error)
    }
}

impl From<RateError> for ValueError {
    fn from(error: RateError) -> Self {
        Self::Rate(error)
    }
}

impl From<Unknown> for ValueError {
    fn from(error: Unknown) -> Self {
        Self::Word(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word;

    #[test]
    fn every_example_can_be_read() {
        let words = Text::Word(&word::STRATEGY);
        for text in [Text::Budget, Text::Duration, Text::Range, Text::Rate, words] {
            assert!(text.read(text.example()).is_ok(), "{}", text.noun());
        }
    }

    #[test]
    fn the_message_is_that_of_the_grammar() {
        let error = Text::Duration.read("0s").unwrap_err();
        assert_eq!(error.to_string(), "a duration of `0s` has no meaning here");
        let error = Text::Rate.read("5/30").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a duration needs a unit: did you mean `30ms` or `30s`?"
        );
    }
}
