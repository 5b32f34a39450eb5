//! Who wants something of a tree, and why.

use std::panic::Location;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::types::SupervisorError;

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
    /// [`SupervisorError::InvalidTransition`] names the field that is blank.
    pub(crate) fn new(
        requested_by: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Self, SupervisorError> {
        let said = |field, text: String| {
            if text.trim().is_empty() {
                return Err(SupervisorError::InvalidTransition {
                    message: format!("`{field}` is blank; say who wants this, and why"),
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

impl std::fmt::Display for Audit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.requested_by, self.reason)
    }
}
