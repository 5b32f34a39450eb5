//! "Did you mean": the nearest of the words that would have been right.

use std::fmt;

/// The candidate that `word` was probably meant to be, if any is near enough.
///
/// Near enough is one typing mistake for every three characters, at least one. A typing mistake
/// is a character too many, too few, or wrong, or two that changed places; case does not count.
///
/// ```
/// use rust_supervisor_settings::suggest::closest;
///
/// assert_eq!(closest("restrat", ["restart", "readiness"]), Some("restart"));
/// assert_eq!(closest("colour", ["restart", "readiness"]), None);
/// ```
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().collect();
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let characters: Vec<char> = candidate.to_lowercase().chars().collect();
            let allowed = (word.len().max(characters.len()) / 3).max(1);
            // One mistake in a word of one character is another word.
            let allowed = allowed.min(word.len().saturating_sub(1));
            // At least that many characters are missing; a very long word is not compared.
            if word.len().abs_diff(characters.len()) > allowed {
                return None;
            }
            let distance = distance(&word, &characters);
            (distance <= allowed).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A word that is none of those that would have been right.
///
/// ```
/// use rust_supervisor_settings::suggest::Unknown;
///
/// let unknown = Unknown::new("restart policy", "transiant", ["permanent", "transient"]);
/// assert_eq!(
///     unknown.to_string(),
///     "unknown restart policy `transiant`; did you mean `transient`?\n\
///      expected one of: `permanent`, `transient`",
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// What the word was to be: `setting`, `restart policy`.
    pub noun: &'static str,
    /// The word itself.
    pub word: String,
    /// What it was probably meant to be.
    pub closest: Option<String>,
    /// All that it might have been.
    pub expected: Vec<String>,
}

impl Unknown {
    /// Looks for the nearest of the words that were `expected`.
    #[must_use]
    pub fn new<'a>(
        noun: &'static str,
        word: &str,
        expected: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let expected: Vec<&str> = expected.into_iter().collect();
        Self {
            noun,
            word: word.to_owned(),
            closest: closest(word, expected.iter().copied()).map(str::to_owned),
            expected: expected.into_iter().map(str::to_owned).collect(),
        }
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} `{}`", self.noun, self.word)?;
        if let Some(closest) = &self.closest {
            write!(f, "; did you mean `{closest}`?")?;
        }
        for (position, word) in self.expected.iter().enumerate() {
            let separator = if position == 0 {
                "\nexpected one of: "
            } else {
                ", "
            };
            write!(f, "{separator}`{word}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for Unknown {}

/// How many typing mistakes lie between two words (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    // Row `i` holds the distances of the first `i` characters of `a` to every beginning of `b`;
    // two rows back is needed for characters that changed places.
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let wrong = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = wrong.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(a: &str, b: &str) -> usize {
        distance(
            &a.chars().collect::<Vec<_>>(),
            &b.chars().collect::<Vec<_>>(),
        )
    }

    #[test]
    fn mistakes_are_counted_as_a_typist_would() {
        assert_eq!(mistakes("feed", "feed"), 0);
        assert_eq!(mistakes("feeed", "feed"), 1);
        assert_eq!(mistakes("fed", "feed"), 1);
        assert_eq!(mistakes("foed", "feed"), 1);
        assert_eq!(mistakes("efed", "feed"), 1);
        assert_eq!(mistakes("", "feed"), 4);
        assert_eq!(mistakes("feed", ""), 4);
    }

    #[test]
    fn the_nearest_wins_and_the_first_of_equals() {
        assert_eq!(closest("eu", ["us", "eu"]), Some("eu"));
        assert_eq!(
            closest("session", ["sessions", "sessian"]),
            Some("sessions")
        );
    }

    #[test]
    fn other_separators_and_case_are_near() {
        let words = ["one_for_one", "one_for_all"];
        assert_eq!(closest("one-for-all", words), Some("one_for_all"));
        assert_eq!(closest("OneForAll", words), Some("one_for_all"));
    }

    #[test]
    fn short_words_do_not_match_everything() {
        assert_eq!(closest("a", ["b", "ab"]), None);
        assert_eq!(closest("", ["b"]), None);
        assert_eq!(closest("wrong", ["never"]), None);
    }

    #[test]
    fn without_candidates_only_the_word_is_named() {
        assert_eq!(
            Unknown::new("sibling", "feed", []).to_string(),
            "unknown sibling `feed`"
        );
    }
}
