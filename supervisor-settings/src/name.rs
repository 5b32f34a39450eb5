//! Names of children: 1 to 64 of `[A-Za-z0-9_.:-]`.

use std::fmt;

/// The most characters that a name may have.
pub const MAX_LENGTH: usize = 64;

/// Checks that `name` may be the name of a child.
///
/// ```
/// use rust_supervisor_settings::name;
///
/// assert_eq!(name::check("feed-eu.1"), Ok(()));
/// assert!(name::check("gateway/eu").is_err());
/// ```
pub fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    if let Some(at) = name.bytes().position(|byte| !allowed(byte)) {
        // All before it are characters of one byte.
        return Err(NameError::Forbidden {
            name: name.to_owned(),
            character: name[at..].chars().next().unwrap_or_default(),
        });
    }
    if name.len() > MAX_LENGTH {
        return Err(NameError::TooLong {
            name: name.to_owned(),
        });
    }
    Ok(())
}

/// A text that cannot be the name of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing was written.
    Empty,
    /// A character that a name may not have.
    Forbidden {
        /// What was written.
        name: String,
        /// The first such character in it.
        character: char,
    },
    /// More than [`MAX_LENGTH`] characters.
    TooLong {
        /// What was written.
        name: String,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the name of a child cannot be empty"),
            Self::Forbidden { name, character } => write!(
                f,
                "the name `{name}` has a `{}` in it; a name is made of `A-Z`, `a-z`, `0-9`, `_`, \
                 `.`, `:` and `-`",
                character.escape_debug()
            ),
            Self::TooLong { name } => write!(
                f,
                "the name `{name}` has {} characters; a name has at most {MAX_LENGTH}",
                name.len()
            ),
        }
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_character_is_accepted() {
        assert_eq!(check("AZaz09_.:-"), Ok(()));
        assert_eq!(check(&"x".repeat(64)), Ok(()));
    }

    #[test]
    fn the_first_other_character_is_named() {
        for (name, character) in [("a b", ' '), ("größe", 'ö'), ("a/b", '/'), ("a\n", '\n')] {
            assert_eq!(
                check(name),
                Err(NameError::Forbidden {
                    name: name.to_owned(),
                    character
                })
            );
        }
    }

    #[test]
    fn a_name_has_1_to_64_characters() {
        assert_eq!(check(""), Err(NameError::Empty));
        let error = check(&"x".repeat(65)).unwrap_err().to_string();
        assert!(
            error.ends_with("has 65 characters; a name has at most 64"),
            "{error}"
        );
    }
}
