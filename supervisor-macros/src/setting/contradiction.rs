//! Settings of one place that contradict each other, as the settings crate says.
//!
//! What depends on the value of an expression is left to the library, which checks the whole tree
//! at its start.

use std::time::Duration;

use rust_supervisor_settings::contradiction::{self, Written};
use rust_supervisor_settings::value::{Kind, Value as Text};

use super::{Settings, Value};
use crate::diagnostics::Diagnostics;

/// Reports every contradiction within one place.
pub(crate) fn contradictions(settings: &Settings, diagnostics: &mut Diagnostics) {
    for found in contradiction::within(settings) {
        if let Some(setting) = settings.get(found.key) {
            diagnostics.at(&setting.key, found);
        }
    }
}

impl Written for Settings {
    fn word(&self, key: &str) -> Option<&'static str> {
        Self::word(self, key)
    }

    fn is_on(&self, key: &str) -> bool {
        self.on(key).is_some()
    }

    fn is_set(&self, key: &str) -> bool {
        // A flag that is off is as good as not written, and one that is an expression may be.
        self.get(key).is_some_and(|setting| match setting.value {
            Value::Flag(on) => on,
            Value::Expression(_) => setting.row.kind != Kind::Flag,
            _ => true,
        })
    }

    fn duration(&self, key: &str) -> Option<Duration> {
        match self.get(key)?.value {
            Value::Text(Text::Duration(length)) => Some(length),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> String {
        self.get(key)
            .map(|setting| setting.written.to_string())
            .unwrap_or_default()
    }
}
