//! Identifiers: a child, a supervisor's path, an attempt.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a child among its siblings.
///
/// Cheap to clone. Serializes as `{"value": ".."}`.
///
/// # Examples
///
/// ```
/// use rust_supervisor::id::types::ChildId;
///
/// let id = ChildId::new("feed");
/// assert_eq!(&*id.value, "feed");
/// assert_eq!(id.to_string(), "feed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChildId {
    /// The name itself: 1 to 64 of `[A-Za-z0-9_.:-]` where a tree accepts it.
    pub value: Arc<str>,
}

impl ChildId {
    /// Makes an identifier. What it contains is checked when a tree takes it.
    #[must_use]
    pub fn new(value: impl Into<Arc<str>>) -> Self {
        Self {
            value: value.into(),
        }
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

impl From<&str> for ChildId {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for ChildId {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&Self> for ChildId {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

/// The place of a supervisor in its tree: the names from the root down to it.
///
/// Written with slashes (`gateway/eu`); the root is the empty path and displays as `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SupervisorPath {
    /// The names below the root, outermost first.
    pub segments: Vec<String>,
}

impl SupervisorPath {
    /// The root supervisor.
    #[must_use]
    pub const fn root() -> Self {
        Self {
            segments: Vec::new(),
        }
    }

    /// The path of a child of this supervisor.
    #[must_use]
    pub fn join(mut self, name: impl Into<String>) -> Self {
        self.segments.push(name.into());
        self
    }
}

impl fmt::Display for SupervisorPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return f.write_str("/");
        }
        f.write_str(&self.segments.join("/"))
    }
}

impl From<&str> for SupervisorPath {
    fn from(path: &str) -> Self {
        Self {
            segments: path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// How many start attempts the path of a child had before this one.
///
/// The first attempt is generation 0. Failed attempts count, and the number is never reset while
/// the tree lives: not by a restart of the supervisor, and not by removing and adding the name.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Generation {
    /// The number itself.
    pub value: u64,
}

/// The number of an attempt since the back-off of its child was last reset.
///
/// The first attempt is 1, and so is the one that was running when the back-off was reset.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct Attempt {
    /// The number itself.
    pub value: u32,
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_id_serializes_as_an_object_with_its_value() {
        let json = serde_json::to_string(&ChildId::new("feed")).expect("plain data");
        assert_eq!(json, r#"{"value":"feed"}"#);
    }

    #[test]
    fn a_path_reads_back_what_it_displays() {
        let path = SupervisorPath::root().join("gateway").join("eu");
        assert_eq!(path.to_string(), "gateway/eu");
        assert_eq!(SupervisorPath::from("/gateway/eu"), path);
        assert_eq!(SupervisorPath::root().to_string(), "/");
    }
}
