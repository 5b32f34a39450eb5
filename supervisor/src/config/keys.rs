//! Which settings there are in a place, and what is said of a key that is none of them.

use rust_supervisor_settings::suggest::Unknown;
use rust_supervisor_settings::table::{self, Place};

use super::setting;
use super::shape::OF_OVERLAY;

/// The setting of that key in a place; `besides` are the keys that are no settings.
pub(super) fn known(
    place: Place,
    key: &str,
    besides: &[&str],
) -> Result<&'static table::Setting, String> {
    let mut here = setting::of(place);
    if let Some(row) = here.find(|row| row.key == key) {
        return Ok(row);
    }
    if let Some(instead) = elsewhere(key) {
        return Err(instead);
    }
    match table::find(place, key) {
        Err(error @ table::KeyError::Misplaced { .. }) => Err(error.to_string()),
        Ok(_) => Err(format!(
            "`{key}` belongs to code, and cannot be set from outside"
        )),
        Err(_) => {
            let keys = besides
                .iter()
                .copied()
                .chain(setting::of(place).map(|row| row.key));
            Err(Unknown::new("setting", key, keys).to_string())
        }
    }
}

/// The setting of that key in any place.
pub(super) fn anywhere(key: &str) -> Result<&'static table::Setting, String> {
    let places = [Place::Child, Place::Nested, Place::Root];
    let mut rows = places.into_iter().flat_map(setting::of);
    rows.find(|row| row.key == key).ok_or_else(|| {
        let keys = places.into_iter().flat_map(setting::of).map(|row| row.key);
        let mut all: Vec<&str> = OF_OVERLAY.to_vec();
        for key in keys {
            if !all.contains(&key) {
                all.push(key);
            }
        }
        of_declaration(key)
            .or_else(|| elsewhere(key))
            .unwrap_or_else(|| Unknown::new("setting", key, all).to_string())
    })
}

/// Whether a manifest without a template may have meant this key.
#[cfg(feature = "manifest")]
pub(crate) fn is_setting(key: &str) -> Result<(), String> {
    let child = known(
        Place::Child,
        key,
        &["name", "kind", "template", "args", "children"],
    );
    child.map(|_| ())
}

/// What an overlay cannot say: it is for children that are declared already.
fn of_declaration(key: &str) -> Option<String> {
    let key = match key {
        "args" | "arguments" | "params" | "with" => "args",
        "name" | "template" => key,
        _ => return None,
    };
    Some(format!(
        "an overlay has settings alone; the `{key}` of a child stands where that is declared"
    ))
}

/// What everybody looks for under another name.
fn elsewhere(key: &str) -> Option<String> {
    let instead = match key {
        "depends_on" | "requires" | "needs" => "`after`, a list of siblings",
        "arguments" | "params" | "with" => "`args`, a map of what the template takes",
        "run" | "task" | "function" | "kind" | "type" => "`template`, the name of one",
        "stop_timeout" | "grace" | "graceful_timeout" => "`shutdown`",
        "max_restarts" | "restart_limit" => "`intensity`, such as `5/30s`",
        _ => return None,
    };
    Some(format!("unknown setting `{key}`; here it is {instead}"))
}

pub(super) const fn noun(place: Place) -> &'static str {
    match place {
        Place::Child | Place::Function => "a worker",
        Place::Nested => "a nested supervisor",
        Place::Root => "the root",
    }
}
