//! Rates: so many within any window of that length, such as `"5/30s"`.

use std::fmt;
use std::time::Duration;

use crate::duration::{self, DurationError};

/// At most `count` within any window of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many; zero is legal.
    pub count: u32,
    /// Length of the sliding window; never zero.
    pub window: Duration,
}

/// Reads `<integer>/<duration>`.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor_settings::rate::{self, Rate};
///
/// assert_eq!(rate::parse("5/30s"), Ok(Rate { count: 5, window: Duration::from_secs(30) }));
/// ```
pub fn parse(text: &str) -> Result<Rate, RateError> {
    let Some((count, window)) = text.split_once('/') else {
        return Err(RateError::NotARate {
            text: text.to_owned(),
        });
    };
    // `u32::from_str` also takes a sign.
    if count.is_empty() || !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(RateError::NotARate {
            text: text.to_owned(),
        });
    }
    let Ok(count) = count.parse() else {
        return Err(RateError::TooMany {
            count: count.to_owned(),
        });
    };
    match duration::parse(window) {
        Ok(Duration::ZERO) => Err(RateError::ZeroWindow {
            text: text.to_owned(),
        }),
        Ok(window) => Ok(Rate { count, window }),
        Err(error) => Err(RateError::Window(error)),
    }
}

/// A text that is not a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RateError {
    /// Not two parts with a slash between them, or no whole number before it.
    NotARate {
        /// What was written.
        text: String,
    },
    /// A count of more than 32 bits.
    TooMany {
        /// The count.
        count: String,
    },
    /// The window is not a duration.
    Window(DurationError),
    /// The window has no length.
    ZeroWindow {
        /// What was written.
        text: String,
    },
}

impl fmt::Display for RateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARate { text } => write!(
                f,
                "`{text}` is not a rate; expected `<count>/<duration>`, such as `5/30s`"
            ),
            Self::TooMany { count } => {
                write!(
                    f,
                    "`{count}` is more than a rate can count: at most `{}`",
                    u32::MAX
                )
            }
            Self::Window(error) => error.fmt(f),
            Self::ZeroWindow { text } => {
                write!(
                    f,
                    "the window of a rate cannot be zero, as it is in `{text}`"
                )
            }
        }
    }
}

impl std::error::Error for RateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Window(error) => Some(error),
            Self::NotARate { .. } | Self::TooMany { .. } | Self::ZeroWindow { .. } => None,
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
    fn a_count_of_zero_is_legal_and_a_window_of_zero_is_not() {
        assert_eq!(
            parse("0/30s"),
            Ok(Rate {
                count: 0,
                window: Duration::from_secs(30)
            })
        );
        assert_eq!(
            message("5/0s"),
            "the window of a rate cannot be zero, as it is in `5/0s`"
        );
    }

    #[test]
    fn both_parts_are_needed() {
        for text in [
            "", "5", "/", "/30s", "five/30s", "-5/30s", "+5/30s", "5 /30s",
        ] {
            assert_eq!(
                message(text),
                format!("`{text}` is not a rate; expected `<count>/<duration>`, such as `5/30s`")
            );
        }
    }

    #[test]
    fn the_window_is_a_duration_like_any_other() {
        assert_eq!(
            message("5/30"),
            "a duration needs a unit: did you mean `30ms` or `30s`?"
        );
        assert_eq!(
            message("5/30s/2"),
            "`30s/2` is not a duration; expected a whole number and a unit, such as `5s`"
        );
    }

    #[test]
    fn the_count_has_32_bits() {
        assert_eq!(
            message("4294967296/1s"),
            "`4294967296` is more than a rate can count: at most `4294967295`"
        );
    }
}
