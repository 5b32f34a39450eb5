//! Reading the manifest of a child.

use super::command::ChildManifest;
use crate::error::types::SupervisorError;

/// A manifest is a few lines; more is a mistake, and is not parsed.
const MAX_BYTES: usize = 4 * 1024;

pub(super) fn parse(manifest: &str) -> Result<ChildManifest, SupervisorError> {
    if manifest.len() > MAX_BYTES {
        let message = format!("it has {} bytes, and may have {MAX_BYTES}", manifest.len());
        return Err(SupervisorError::InvalidManifest { message });
    }
    yaml_serde::from_str(manifest).map_err(|error| SupervisorError::InvalidManifest {
        message: error.to_string(),
    })
}
