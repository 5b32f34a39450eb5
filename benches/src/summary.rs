//! Median and quartiles: what can be said of runs on a machine that others use.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quartiles {
    pub(crate) lower: f64,
    pub(crate) median: f64,
    pub(crate) upper: f64,
}

impl Quartiles {
    /// Of at least one value.
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            lower: quantile(&sorted, 1),
            median: quantile(&sorted, 2),
            upper: quantile(&sorted, 3),
        }
    }
}

/// The value below which so many quarters of the others lie, between neighbours where need be.
fn quantile(sorted: &[f64], quarters: usize) -> f64 {
    let four_times = (sorted.len() - 1) * quarters;
    let (place, rest) = (four_times / 4, four_times % 4);
    let next = sorted[(place + 1).min(sorted.len() - 1)];
    sorted[place] + (next - sorted[place]) * rest as f64 / 4.0
}

impl fmt::Display for Quartiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(0);
        let Self {
            lower,
            median,
            upper,
        } = self;
        let text = format!("{median:.digits$} ({lower:.digits$}–{upper:.digits$})");
        match f.width() {
            Some(width) => write!(f, "{text:>width$}"),
            None => f.write_str(&text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_neighbours() {
        let quartiles = Quartiles::of(&[4.0, 1.0, 3.0, 2.0]);
        assert_eq!(format!("{quartiles:.2}"), "2.50 (1.75–3.25)");
    }

    #[test]
    fn one_value_is_all_three() {
        assert_eq!(Quartiles::of(&[7.0]).to_string(), "7 (7–7)");
    }
}
