//! The bounds of a back-off: `"100ms..30s"`, `"250ms"` or `"none"`.

use std::fmt;
use std::time::Duration;

use crate::duration::{self, DurationError};

/// How long to wait before a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Range {
    /// From the first bound, doubling, up to the second.
    Between(Duration, Duration),
    /// Always the same.
    Constant(Duration),
    /// Not at all.
    None,
}

/// Reads `<duration>..<duration>`, `<duration>` or `none`.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor_settings::range::{self, Range};
///
/// let (low, high) = (Duration::from_millis(100), Duration::from_secs(30));
/// assert_eq!(range::parse("100ms..30s"), Ok(Range::Between(low, high)));
/// assert_eq!(range::parse("100ms"), Ok(Range::Constant(low)));
/// assert_eq!(range::parse("none"), Ok(Range::None));
/// ```
pub fn parse(text: &str) -> Result<Range, RangeError> {
    if text == "none" {
        return Ok(Range::None);
    }
    let Some((low, high)) = text.split_once("..") else {
        return match duration::parse(text) {
            Ok(Duration::ZERO) => Err(RangeError::Zero {
                text: text.to_owned(),
            }),
            Ok(delay) => Ok(Range::Constant(delay)),
            Err(DurationError::NotADuration { text }) => Err(RangeError::NotARange { text }),
            Err(error) => Err(RangeError::Bound(error)),
        };
    };
    if low.is_empty() || high.is_empty() {
        return Err(RangeError::OneBound {
            text: text.to_owned(),
        });
    }
    // Rust's other range is what everybody tries once; the upper bound is part of a back-off.
    let (low, high) = (low, high.strip_prefix('=').unwrap_or(high));
    let bounds = (
        duration::parse(low).map_err(RangeError::Bound)?,
        duration::parse(high).map_err(RangeError::Bound)?,
    );
    match bounds {
        (Duration::ZERO, _) => Err(RangeError::Zero {
            text: text.to_owned(),
        }),
        (first, last) if first > last => Err(RangeError::Shrinking {
            low: low.to_owned(),
            high: high.to_owned(),
        }),
        (first, last) => Ok(Range::Between(first, last)),
    }
}

/// A text that does not bound a back-off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RangeError {
    /// A bound that is not a duration.
    Bound(DurationError),
    /// Neither a range nor a duration nor `none`.
    NotARange {
        /// What was written.
        text: String,
    },
    /// A range that is open at one end.
    OneBound {
        /// What was written.
        text: String,
    },
    /// A lower bound above the upper one.
    Shrinking {
        /// The bound that was written first.
        low: String,
        /// The bound that was written second.
        high: String,
    },
    /// A delay that begins at zero.
    Zero {
        /// What was written.
        text: String,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound(error) => error.fmt(f),
            Self::NotARange { text } => write!(
                f,
                "`{text}` is not a back-off; expected a range such as `100ms..30s`, one duration, \
                 or `none`"
            ),
            Self::OneBound { text } => {
                write!(
                    f,
                    "a back-off has two bounds, `{text}` has one; such as `100ms..30s`"
                )
            }
            Self::Shrinking { low, high } => write!(
                f,
                "a back-off grows: `{low}` is more than `{high}`; did you mean `{high}..{low}`?"
            ),
            Self::Zero { text } => write!(
                f,
                "a back-off of `{text}` would never grow; write `none` to restart at once"
            ),
        }
    }
}

impl std::error::Error for RangeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bound(error) => Some(error),
            Self::NotARange { .. }
            | Self::OneBound { .. }
            | Self::Shrinking { .. }
            | Self::Zero { .. } => None,
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
    fn the_upper_bound_belongs_to_it_however_it_is_written() {
        assert_eq!(parse("1s..=2s"), parse("1s..2s"));
        assert!(matches!(parse("1s..1s"), Ok(Range::Between(..))));
    }

    #[test]
    fn the_lower_bound_comes_first() {
        assert_eq!(
            message("30s..100ms"),
            "a back-off grows: `30s` is more than `100ms`; did you mean `100ms..30s`?"
        );
    }

    #[test]
    fn both_bounds_are_needed() {
        for text in ["1s..", "..1s", ".."] {
            assert_eq!(
                message(text),
                format!("a back-off has two bounds, `{text}` has one; such as `100ms..30s`")
            );
        }
    }

    #[test]
    fn the_bounds_are_durations_like_any_other() {
        assert_eq!(
            message("100..30s"),
            "a duration needs a unit: did you mean `100ms` or `100s`?"
        );
        assert_eq!(
            message("250"),
            "a duration needs a unit: did you mean `250ms` or `250s`?"
        );
    }

    #[test]
    fn zero_is_written_as_none() {
        assert_eq!(
            message("0s"),
            "a back-off of `0s` would never grow; write `none` to restart at once"
        );
        assert_eq!(
            message("0s..5s"),
            "a back-off of `0s..5s` would never grow; write `none` to restart at once"
        );
    }

    #[test]
    fn other_words_are_refused() {
        assert_eq!(
            message("fast"),
            "`fast` is not a back-off; expected a range such as `100ms..30s`, one duration, or \
             `none`"
        );
    }
}
