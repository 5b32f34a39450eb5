//! The names of siblings are different.

use std::collections::HashSet;

use super::{Entry, EntryKind, written};
use crate::diagnostics::Diagnostics;

/// Reports every child that has the name of an earlier one.
pub(crate) fn unique(entries: &[Entry], diagnostics: &mut Diagnostics) {
    // Of two that are conditional, or one, both may not be there at once.
    let certain = entries.iter().filter(|entry| entry.cfg.is_empty());
    let mut taken = HashSet::new();
    for entry in certain {
        let Some(name) = &entry.name else { continue };
        if !taken.insert(name.text.as_str()) {
            let message = format!(
                "`{}` is already a child of this supervisor\n\
                 give one of them another name: `other: {}`",
                name.text,
                shape(&entry.kind)
            );
            diagnostics.report(syn::Error::new(name.span, message));
        }
    }
}

/// An entry without its details.
fn shape(kind: &EntryKind) -> String {
    match kind {
        EntryKind::Broken(path) => format!("{}(..)", written(path)),
        EntryKind::Child(child) => format!("{}(..)", written(&child.path)),
        EntryKind::Splice(_) => "..expr".to_owned(),
        EntryKind::Supervisor(_) => "{ .. }".to_owned(),
    }
}
