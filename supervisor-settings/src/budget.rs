//! The time that a child has to stop: `"10s"`, `"abort"` or `"infinity"`.

use std::fmt;
use std::time::Duration;

use crate::duration::{self, DurationError};

/// How long a child that is asked to stop may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Budget {
    /// It is not asked, but dropped at once.
    Abort,
    /// As long as it wants.
    Infinity,
    /// This long.
    Within(Duration),
}

/// Reads `<duration>`, `abort` or `infinity`.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor_settings::budget::{self, Budget};
///
/// assert_eq!(budget::parse("10s"), Ok(Budget::Within(Duration::from_secs(10))));
/// assert_eq!(budget::parse("infinity"), Ok(Budget::Infinity));
/// ```
pub fn parse(text: &str) -> Result<Budget, BudgetError> {
    match text {
        "abort" => return Ok(Budget::Abort),
        "infinity" => return Ok(Budget::Infinity),
        _ => {}
    }
    match duration::parse(text) {
        Ok(Duration::ZERO) => Err(BudgetError::Zero {
            text: text.to_owned(),
        }),
        Ok(budget) => Ok(Budget::Within(budget)),
        Err(DurationError::NotADuration { text }) => Err(BudgetError::NotABudget { text }),
        Err(error) => Err(BudgetError::Duration(error)),
    }
}

/// A text that is not the time to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BudgetError {
    /// A duration that cannot be read.
    Duration(DurationError),
    /// Neither a duration nor one of the two words.
    NotABudget {
        /// What was written.
        text: String,
    },
    /// No time at all.
    Zero {
        /// What was written.
        text: String,
    },
}

impl fmt::Display for BudgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duration(error) => error.fmt(f),
            Self::NotABudget { text } => write!(
                f,
                "`{text}` is not a shutdown budget; expected a duration such as `5s`, `abort` or \
                 `infinity`"
            ),
            Self::Zero { text } => {
                write!(
                    f,
                    "a shutdown budget of `{text}` leaves no time to stop; did you mean `abort`?"
                )
            }
        }
    }
}

impl std::error::Error for BudgetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Duration(error) => Some(error),
            Self::NotABudget { .. } | Self::Zero { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn no_time_is_written_as_abort() {
        assert_eq!(parse("abort"), Ok(Budget::Abort));
        assert_eq!(
            message("0s"),
            "a shutdown budget of `0s` leaves no time to stop; did you mean `abort`?"
        );
    }

    #[test]
    fn other_words_are_refused() {
        assert_eq!(
            message("never"),
            "`never` is not a shutdown budget; expected a duration such as `5s`, `abort` or `infinity`"
        );
    }

    #[test]
    fn the_duration_is_one_like_any_other() {
        assert_eq!(
            message("5"),
            "a duration needs a unit: did you mean `5ms` or `5s`?"
        );
    }
}
