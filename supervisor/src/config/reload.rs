//! What a new file changes in a tree that runs.
#![allow(dead_code, reason = "the next step")]

use super::file::TreeFile;
use crate::spec::supervisor::SupervisorSpec;

/// What a tree was started from: what code declares, and the file on top of it.
#[derive(Debug)]
pub(crate) struct Configured {
    /// Without its code.
    pub(crate) base: SupervisorSpec,
    pub(crate) file: TreeFile,
}

impl Configured {
    pub(crate) const fn new(base: SupervisorSpec, file: TreeFile) -> Self {
        Self { base, file }
    }
}
