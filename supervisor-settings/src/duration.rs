//! Durations: a whole number of one unit, such as `"5s"`.

use std::fmt;
use std::time::Duration;

/// Reads `<integer><ms|s|m|h>`.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor_settings::duration;
///
/// assert_eq!(duration::parse("250ms"), Ok(Duration::from_millis(250)));
/// assert_eq!(duration::parse("2m"), Ok(Duration::from_secs(120)));
/// assert_eq!(
///     duration::parse("5").unwrap_err().to_string(),
///     "a duration needs a unit: did you mean `5ms` or `5s`?",
/// );
/// ```
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let (digits, unit) = split(text);
    if digits.is_empty() {
        return Err(DurationError::NotADuration {
            text: text.to_owned(),
        });
    }
    if unit.is_empty() {
        return Err(DurationError::NoUnit {
            number: digits.to_owned(),
        });
    }
    let Some(length) = milliseconds(unit) else {
        return Err(unreadable(text, digits, unit));
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(length))
        .map(Duration::from_millis)
        .ok_or_else(|| DurationError::TooLong {
            text: text.to_owned(),
        })
}

/// Reads a duration and refuses zero, for settings in which zero has no meaning.
pub fn parse_positive(text: &str) -> Result<Duration, DurationError> {
    match parse(text)? {
        Duration::ZERO => Err(DurationError::Zero {
            text: text.to_owned(),
        }),
        duration => Ok(duration),
    }
}

/// Writes a duration as it would be written: in the largest unit in which it is whole.
///
/// What is finer than a millisecond cannot be written, and is shown as Rust does.
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor_settings::duration;
///
/// assert_eq!(duration::write(Duration::from_millis(250)), "250ms");
/// assert_eq!(duration::write(Duration::from_secs(90)), "90s");
/// assert_eq!(duration::write(Duration::from_secs(120)), "2m");
/// ```
#[must_use]
pub fn write(duration: Duration) -> String {
    let total = duration.as_millis();
    if duration.is_zero() || duration.subsec_nanos() % 1_000_000 != 0 {
        return format!("{duration:?}");
    }
    ["h", "m", "s", "ms"]
        .into_iter()
        .find_map(|unit| {
            let length = u128::from(milliseconds(unit)?);
            (total % length == 0).then(|| format!("{}{unit}", total / length))
        })
        .unwrap_or_else(|| format!("{duration:?}"))
}

/// A text that is not a duration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DurationError {
    /// A fraction, such as `1.5s`.
    Fraction {
        /// What was written.
        text: String,
        /// The same in a smaller unit, where there is one.
        instead: Option<String>,
    },
    /// Several units, such as `1h30m`.
    ManyUnits {
        /// What was written.
        text: String,
        /// The same in the smallest of its units.
        instead: Option<String>,
    },
    /// A number without a unit.
    NoUnit {
        /// The number.
        number: String,
    },
    /// Something else altogether.
    NotADuration {
        /// What was written.
        text: String,
    },
    /// More than 64 bits of milliseconds.
    TooLong {
        /// What was written.
        text: String,
    },
    /// A unit that is none of `ms`, `s`, `m` and `h`.
    UnknownUnit {
        /// What was written.
        text: String,
        /// The unit in it.
        unit: String,
    },
    /// Zero where it has no meaning.
    Zero {
        /// What was written.
        text: String,
    },
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fraction { text, instead } => {
                write!(f, "a duration is a whole number of one unit: ")?;
                match instead {
                    Some(instead) => write!(f, "write `{instead}` instead of `{text}`"),
                    None => write!(f, "`{text}` is a fraction"),
                }
            }
            Self::ManyUnits { text, instead } => {
                write!(f, "a duration has one unit: ")?;
                match instead {
                    Some(instead) => write!(f, "write `{instead}` instead of `{text}`"),
                    None => write!(f, "`{text}` has several"),
                }
            }
            Self::NoUnit { number } => write!(
                f,
                "a duration needs a unit: did you mean `{number}ms` or `{number}s`?"
            ),
            Self::NotADuration { text } => write!(
                f,
                "`{text}` is not a duration; expected a whole number and a unit, such as `5s`"
            ),
            Self::TooLong { text } => write!(f, "`{text}` is longer than a duration can be"),
            Self::UnknownUnit { text, unit } => write!(
                f,
                "unknown unit `{unit}` in duration `{text}`; expected `ms`, `s`, `m` or `h`"
            ),
            Self::Zero { text } => write!(f, "a duration of `{text}` has no meaning here"),
        }
    }
}

impl std::error::Error for DurationError {}

/// Splits after the leading digits.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

fn milliseconds(unit: &str) -> Option<u64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        _ => None,
    }
}

/// Says what is wrong with a text that begins with digits and does not end in a unit.
fn unreadable(text: &str, digits: &str, rest: &str) -> DurationError {
    let text = text.to_owned();
    if let Some(fraction) = rest.strip_prefix('.') {
        let (fraction, unit) = split(fraction);
        if !fraction.is_empty() && milliseconds(unit).is_some() {
            let instead = without_fraction(digits, fraction, unit);
            return DurationError::Fraction { text, instead };
        }
    } else if rest.chars().all(char::is_alphabetic) {
        return DurationError::UnknownUnit {
            unit: rest.to_owned(),
            text,
        };
    } else if let Some(units) = units(&text) {
        let instead = in_smallest_unit(&units);
        return DurationError::ManyUnits { text, instead };
    }
    DurationError::NotADuration { text }
}

/// `1.5s` is `1500ms`: the value in the largest unit in which it is whole.
fn without_fraction(digits: &str, fraction: &str, unit: &str) -> Option<String> {
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let scaled = format!("{digits}{fraction}").parse::<u64>().ok()?;
    let milliseconds_scaled = scaled.checked_mul(milliseconds(unit)?)?;
    if milliseconds_scaled % scale != 0 {
        return None;
    }
    let total = milliseconds_scaled / scale;
    ["h", "m", "s", "ms"].into_iter().find_map(|unit| {
        let length = milliseconds(unit)?;
        (total % length == 0).then(|| format!("{}{unit}", total / length))
    })
}

/// The parts of `1h30m`: each a number and a unit.
fn units(mut text: &str) -> Option<Vec<(u64, &str)>> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (digits, rest) = split(text);
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(end);
        milliseconds(unit)?;
        parts.push((digits.parse().ok()?, unit));
        text = rest;
    }
    Some(parts)
}

/// `1h30m` is `90m`.
fn in_smallest_unit(parts: &[(u64, &str)]) -> Option<String> {
    let mut total = 0_u64;
    for (number, unit) in parts {
        total = total.checked_add(number.checked_mul(milliseconds(unit)?)?)?;
    }
    let (length, unit) = parts
        .iter()
        .filter_map(|(_, unit)| Some((milliseconds(unit)?, *unit)))
        .min()?;
    Some(format!("{}{unit}", total / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> String {
        parse(text).expect_err(text).to_string()
    }

    #[test]
    fn every_unit_is_read() {
        assert_eq!(parse("7ms"), Ok(Duration::from_millis(7)));
        assert_eq!(parse("7s"), Ok(Duration::from_secs(7)));
        assert_eq!(parse("7m"), Ok(Duration::from_secs(7 * 60)));
        assert_eq!(parse("7h"), Ok(Duration::from_secs(7 * 3600)));
        assert_eq!(parse("007s"), Ok(Duration::from_secs(7)));
    }

    #[test]
    fn a_number_needs_a_unit() {
        assert_eq!(
            message("5"),
            "a duration needs a unit: did you mean `5ms` or `5s`?"
        );
    }

    #[test]
    fn other_units_are_named() {
        assert_eq!(
            message("5x"),
            "unknown unit `x` in duration `5x`; expected `ms`, `s`, `m` or `h`"
        );
        assert_eq!(
            message("5sec"),
            "unknown unit `sec` in duration `5sec`; expected `ms`, `s`, `m` or `h`"
        );
    }

    #[test]
    fn a_fraction_is_shown_as_a_whole_number() {
        assert_eq!(
            message("1.5s"),
            "a duration is a whole number of one unit: write `1500ms` instead of `1.5s`"
        );
        assert_eq!(
            message("0.5h"),
            "a duration is a whole number of one unit: write `30m` instead of `0.5h`"
        );
        assert_eq!(
            message("0.5ms"),
            "a duration is a whole number of one unit: `0.5ms` is a fraction"
        );
    }

    #[test]
    fn several_units_are_shown_as_one() {
        assert_eq!(
            message("1h30m"),
            "a duration has one unit: write `90m` instead of `1h30m`"
        );
        assert_eq!(
            message("1s1ms"),
            "a duration has one unit: write `1001ms` instead of `1s1ms`"
        );
    }

    #[test]
    fn what_is_no_duration_is_said_to_be_none() {
        for text in [
            "", "fast", "-5s", " 5s", "5 s", "5s ", "1_000ms", "1.s", "1..2s", "1e3s", "é",
        ] {
            assert_eq!(
                message(text),
                format!(
                    "`{text}` is not a duration; expected a whole number and a unit, such as `5s`"
                )
            );
        }
    }

    #[test]
    fn a_duration_that_does_not_fit_is_refused() {
        assert_eq!(
            message("99999999999999999999s"),
            "`99999999999999999999s` is longer than a duration can be"
        );
        assert!(matches!(
            parse("18446744073709551615h"),
            Err(DurationError::TooLong { .. })
        ));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for text in ["1ms", "999ms", "1s", "90s", "1m", "61m", "2h", "0ns"] {
            let read = parse(text).unwrap_or(Duration::ZERO);
            assert_eq!(write(read), text);
        }
        assert_eq!(write(Duration::from_micros(1_500)), "1.5ms");
    }

    #[test]
    fn zero_is_refused_where_it_means_nothing() {
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_positive("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(
            parse_positive("0ms").unwrap_err().to_string(),
            "a duration of `0ms` has no meaning here"
        );
    }
}
