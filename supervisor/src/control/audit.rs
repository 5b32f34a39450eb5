//! Who wants something of a tree, and why.

use std::panic::Location;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::types::SupervisorError;

/// Bytes of each text: the journal keeps them with its events (I11).
const LONGEST: usize = 4_096;

/// Who wants something of a tree, and why; every command carries it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Audit {
    /// Who: an operator, a job, `program` for code that does not say.
    pub requested_by: Arc<str>,
    /// Why: for code that does not say, where it is.
    pub reason: Arc<str>,
}

impl Audit {
    /// # Errors
    ///
    /// [`SupervisorError::InvalidTransition`] names the field that is blank, or too long.
    pub(crate) fn new(
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Self, SupervisorError> {
        let said = |field, text: String| {
            if text.chars().all(is_blank) {
                return Err(SupervisorError::InvalidTransition {
                    message: format!("`{field}` is blank; say who wants this, and why"),
                });
            }
            if text.len() > LONGEST {
                let length = text.len();
                return Err(SupervisorError::InvalidTransition {
                    message: format!(
                        "`{field}` has {length} bytes; the journal keeps at most {LONGEST}, say it shorter"
                    ),
                });
            }
            Ok(text.into())
        };
        Ok(Self {
            requested_by: said("requested_by", requested_by.into())?,
            reason: said("reason", reason.into())?,
        })
    }

    /// Of code that has not said who it acts for: that it is the program, and where.
    pub(crate) fn of_code(place: &Location<'_>) -> Self {
        Self::of_program(&place.to_string())
    }

    /// Of what the program does by itself.
    pub(crate) fn of_program(reason: &str) -> Self {
        Self {
            requested_by: "program".into(),
            reason: reason.into(),
        }
    }
}

/// Whether nobody sees the character: space, control, and what has no width.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}')
        || matches!(
            c,
            '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        )
}

impl std::fmt::Display for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.requested_by, self.reason)
    }
}
