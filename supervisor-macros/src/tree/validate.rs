//! The rules for a tree.
//!
//! Only what is certain is reported: names that a splice brings, entries that are conditional and
//! values that are expressions are left to the library, which checks the whole tree at its start.

use super::{Entry, EntryKind, Tree, names, order};
use crate::diagnostics::Diagnostics;
use crate::setting::{Settings, Value, contradictions};

/// Reports the mistakes of a tree and of every tree inside it.
pub(crate) fn validate(tree: &Tree, diagnostics: &mut Diagnostics) {
    contradictions(&tree.settings, diagnostics);
    names::unique(&tree.entries, diagnostics);
    order::validate(tree, diagnostics);
    empty_pool(tree, diagnostics);
    for entry in &tree.entries {
        match &entry.kind {
            EntryKind::Child(child) => contradictions(&child.settings, diagnostics),
            EntryKind::Supervisor(inner) => {
                significant_supervisor(&inner.settings, diagnostics);
                validate(inner, diagnostics);
            }
            EntryKind::Broken(_) | EntryKind::Splice(_) => {}
        }
        if let Some(settings) = entry.settings() {
            significance(settings, &tree.settings, diagnostics);
        }
    }
}

/// A pool has no children but those that are added to it.
fn empty_pool(tree: &Tree, diagnostics: &mut Diagnostics) {
    if tree.settings.on("pool").is_none() {
        return;
    }
    let certain =
        |entry: &&Entry| entry.cfg.is_empty() && !matches!(entry.kind, EntryKind::Splice(_));
    for entry in tree.entries.iter().filter(certain) {
        let Some(name) = &entry.name else { continue };
        let message = format!(
            "a pool has no children of its own, but `{}` is one\n\
             the instances of a pool are added at run time, by `start_child`",
            name.text
        );
        diagnostics.report(syn::Error::new(name.span, message));
    }
}

/// `significant` means something only to a supervisor that looks at significant children.
fn significance(settings: &Settings, parent: &Settings, diagnostics: &mut Diagnostics) {
    let Some(significant) = settings.on("significant") else {
        return;
    };
    let because = match parent.word("auto_shutdown") {
        Some("any_significant" | "all_significant") => return,
        Some("all_ended") => "with `auto_shutdown = \"all_ended\"`, all children count",
        Some(_) => "with `auto_shutdown = \"never\"`, no child counts",
        // What is conditional, an expression or a mistake is not known here.
        None if parent.mentions("auto_shutdown") => return,
        None => {
            "its supervisor does not shut down by itself\n\
             set `auto_shutdown = \"any_significant\"` or `\"all_significant\"` there"
        }
    };
    diagnostics.at(
        &significant.key,
        format_args!("`significant` has no effect: {because}"),
    );
}

/// A nested supervisor is permanent where nothing is written, and its braces are all there is.
fn significant_supervisor(settings: &Settings, diagnostics: &mut Diagnostics) {
    let Some(significant) = settings.on("significant") else {
        return;
    };
    if matches!(significant.value, Value::Flag(true)) && !settings.mentions("restart") {
        diagnostics.at(
            &significant.key,
            "`significant` has no effect: a nested supervisor is `permanent` by default\n\
             write `restart = \"transient\"` or `restart = \"temporary\"`",
        );
    }
}
