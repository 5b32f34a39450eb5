//! A tree as it is written in `supervisor_tree!`.
//!
//! ```text
//! tree    = { entry "," }
//! entry   = key "=" value                                    a setting of this supervisor
//!         | [ name ":" ] path "(" args ")" [ "{" settings "}" ]                   a child
//!         | name ":" "{" tree "}"                              a nested supervisor
//!         | [ name ":" ] ".." expr          children that are declared somewhere else
//! ```

mod names;
mod order;
mod parse;
mod validate;

use proc_macro2::{Group, TokenStream};
use syn::{Attribute, Path};

use crate::setting::{Name, Settings};

pub(crate) use parse::parse;
pub(crate) use validate::validate;

/// A supervisor: its settings and its children.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) settings: Settings,
    pub(crate) entries: Vec<Entry>,
}

/// What a supervisor has in one place of its order.
pub(crate) struct Entry {
    /// The conditions under which it is compiled.
    pub(crate) cfg: Vec<Attribute>,
    /// Its name; none for a splice that brings names of its own.
    pub(crate) name: Option<Name>,
    pub(crate) kind: EntryKind,
}

/// The three productions that make children, and what is left of one that has a mistake.
pub(crate) enum EntryKind {
    /// A path that could not be used as a child.
    Broken(Path),
    /// `feed(..) { .. }`.
    Child(Child),
    /// `..expr`.
    Splice(TokenStream),
    /// `name: { .. }`.
    Supervisor(Tree),
}

/// A use of a supervised function.
pub(crate) struct Child {
    pub(crate) path: Path,
    /// The arguments in the user's own parentheses.
    pub(crate) arguments: Group,
    /// What is different for this use.
    pub(crate) settings: Settings,
}

/// A path as it is written, without generic arguments.
pub(crate) fn written(path: &Path) -> String {
    let names: Vec<String> = path
        .segments
        .iter()
        .map(|segment| segment.ident.to_string())
        .collect();
    let colons = if path.leading_colon.is_some() {
        "::"
    } else {
        ""
    };
    format!("{colons}{}", names.join("::"))
}

impl Entry {
    /// What it is set to by the tree, if it can be set there at all.
    pub(crate) const fn settings(&self) -> Option<&Settings> {
        match &self.kind {
            EntryKind::Child(child) => Some(&child.settings),
            EntryKind::Supervisor(tree) => Some(&tree.settings),
            EntryKind::Broken(_) | EntryKind::Splice(_) => None,
        }
    }
}
