//! Tags of children: words for people and filters, 1 to 64 of `[A-Za-z0-9_.:-]`, as names are.

use std::fmt;

use crate::name;

/// Checks that `tag` may be the tag of a child.
///
/// ```
/// use rust_supervisor_settings::tag;
///
/// assert_eq!(tag::check("team:billing"), Ok(()));
/// assert_eq!(
///     tag::check("two words").unwrap_err().to_string(),
///     "`two words` is not a tag; a tag is 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`",
/// );
/// ```
pub fn check(tag: &str) -> Result<(), TagError> {
    name::check(tag).map_err(|_| TagError {
        tag: tag.to_owned(),
    })
}

/// A text that cannot be a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagError {
    /// What was written.
    pub tag: String,
}

impl fmt::Display for TagError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a tag; a tag is 1 to {} of `A-Z`, `a-z`, `0-9`, `_`, `.`, `:` and `-`",
            self.tag.escape_debug(),
            name::MAX_LENGTH
        )
    }
}

impl std::error::Error for TagError {}
