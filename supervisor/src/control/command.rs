//! What the flat, audited commands answer, and how a child is named in a command.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::outcome::ChildControlResult;
use crate::id::types::ChildId;
use crate::shutdown::report::ShutdownResult;
use crate::spec::child::TaskKind;
use crate::template::Value;

/// The answer to a flat command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CommandResult {
    /// A child has been added.
    ChildAdded {
        /// What it was declared from.
        child_manifest: ChildManifest,
    },
    /// A command for one child.
    ChildControl {
        /// What it has found and done.
        outcome: ChildControlResult,
    },
    /// The tree has been shut down.
    Shutdown {
        /// How that went.
        result: ShutdownResult,
    },
}

/// A child as a manifest declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChildManifest {
    /// The child's name.
    pub name: String,
    /// What kind of child it is.
    #[serde(default)]
    pub kind: TaskKind,
    /// The template that it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What its template takes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Value>,
    /// Its children, where it is a supervisor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub children: Option<Value>,
    /// Its settings.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
}

/// How a command names a child: by its path, or by a name that only one child has.
///
/// Made from `&str`, `String` or [`ChildId`]. What begins with a slash is a whole path: `"/feed"` is
/// the child of the root of that name, whatever other children have it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChildRef {
    pub(crate) name: String,
    /// It is a path, and no name that may stand for one.
    pub(crate) exact: bool,
}

impl ChildRef {
    /// The child at this path, and no other.
    pub(crate) fn at(path: &str) -> Self {
        Self {
            name: path.to_owned(),
            exact: true,
        }
    }
}

impl From<&str> for ChildRef {
    fn from(name: &str) -> Self {
        Self {
            name: name.trim_start_matches('/').to_owned(),
            exact: name.starts_with('/'),
        }
    }
}

impl From<String> for ChildRef {
    fn from(name: String) -> Self {
        name.as_str().into()
    }
}

impl From<&String> for ChildRef {
    fn from(name: &String) -> Self {
        name.as_str().into()
    }
}

impl From<ChildId> for ChildRef {
    fn from(id: ChildId) -> Self {
        (&*id.value).into()
    }
}

impl From<&ChildId> for ChildRef {
    fn from(id: &ChildId) -> Self {
        (&*id.value).into()
    }
}
