//! The rules for a tree.
//!
//! Only what is certain is reported: names that a splice brings, entries that are conditional and
//! values that are expressions are left to the library, which checks the whole tree at its start.

use std::time::Duration;

use rust_supervisor_settings::budget::Budget;
use rust_supervisor_settings::value::Value as Text;

use super::{Entry, EntryKind, Tree, names, order};
use crate::diagnostics::Diagnostics;
use crate::setting::{Setting, Settings, Value, contradictions};

/// Reports the mistakes of a tree and of every tree inside it.
pub(crate) fn validate(tree: &Tree, diagnostics: &mut Diagnostics) {
    supervisor(tree, None, diagnostics);
}

fn supervisor(tree: &Tree, above: Option<&Deadline<'_>>, diagnostics: &mut Diagnostics) {
    let own = Deadline::of(&tree.settings);
    if let (Some(own), Some(above)) = (&own, above) {
        above.check(own, diagnostics);
    }
    let deadline = own
        .as_ref()
        .into_iter()
        .chain(above)
        .min_by_key(|deadline| deadline.within);
    contradictions(&tree.settings, diagnostics);
    names::unique(&tree.entries, diagnostics);
    order::validate(tree, diagnostics);
    empty_pool(tree, diagnostics);
    for entry in &tree.entries {
        match &entry.kind {
            EntryKind::Child(child) => {
                contradictions(&child.settings, diagnostics);
                if let (Some(above), Some(budget)) = (deadline, Deadline::budget(&child.settings)) {
                    above.check(&budget, diagnostics);
                }
            }
            EntryKind::Supervisor(inner) => {
                significant_supervisor(&inner.settings, diagnostics);
                supervisor(inner, deadline, diagnostics);
            }
            EntryKind::Broken(_) | EntryKind::Splice(_) => {}
        }
        if let Some(settings) = entry.settings() {
            significance(settings, &tree.settings, diagnostics);
        }
    }
}

/// A time to stop that is written as such, and the setting that says so.
struct Deadline<'a> {
    setting: &'a Setting,
    within: Duration,
}

impl<'a> Deadline<'a> {
    /// That of everything below a supervisor.
    fn of(settings: &'a Settings) -> Option<Self> {
        let setting = settings.get("shutdown_within")?;
        match setting.value {
            Value::Text(Text::Duration(within)) => Some(Self { setting, within }),
            _ => None,
        }
    }

    /// That of a child.
    fn budget(settings: &'a Settings) -> Option<Self> {
        let setting = settings.get("shutdown")?;
        let within = match setting.value {
            Value::Text(Text::Budget(Budget::Infinity)) => Duration::MAX,
            Value::Text(Text::Budget(Budget::Within(budget))) => budget,
            _ => return None,
        };
        Some(Self { setting, within })
    }

    /// Reports what is below and takes longer.
    fn check(&self, below: &Self, diagnostics: &mut Diagnostics) {
        if below.within <= self.within {
            return;
        }
        let message = format!(
            "`{}` is more than the supervisor above has to stop: `{}`\n\
             write less here, or more there",
            below.setting.code(),
            self.setting.code(),
        );
        diagnostics.at(&below.setting.key, message);
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
        Some("all_ended") => "with `auto_shutdown = \"all_ended\"`, all children count\nremove it",
        Some(_) => {
            "with `auto_shutdown = \"never\"`, no child counts\n\
             remove it, or write `auto_shutdown = \"any_significant\"` there"
        }
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
