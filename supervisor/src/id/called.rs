//! What a child is called: its name among its siblings, and its path.

use std::sync::Arc;

use super::path;
use super::types::ChildId;

/// Two names in the memory of one: every child that runs has them.
#[derive(Debug)]
pub(crate) enum Called {
    /// The path of a child of the root is its name.
    Shortly(ChildId),
    Nested(Box<(ChildId, Arc<str>)>),
}

impl Called {
    pub(crate) fn new(path: Arc<str>) -> Self {
        let name = path::name(&path);
        if name.len() == path.len() {
            return Self::Shortly(ChildId::new(path));
        }
        Self::Nested(Box::new((ChildId::new(name), path)))
    }

    pub(crate) fn id(&self) -> &ChildId {
        match self {
            Self::Shortly(id) => id,
            Self::Nested(both) => &both.0,
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Shortly(id) => &id.value,
            Self::Nested(both) => &both.1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_child_of_the_root_is_kept_once() {
        let path: Arc<str> = "feed".into();
        let called = Called::new(Arc::clone(&path));
        assert!(Arc::ptr_eq(&called.id().value, &path));
        assert_eq!(called.path(), "feed");
    }

    #[test]
    fn a_nested_child_has_a_name_and_a_path() {
        let called = Called::new("gateway/eu/feed".into());
        assert_eq!(&*called.id().value, "feed");
        assert_eq!(called.path(), "gateway/eu/feed");
    }
}
