//! What a path is made of: names from the root down, with `/` between them; the root is empty.

use std::sync::Arc;

/// The path of a child.
pub(crate) fn join(parent: &str, name: &Arc<str>) -> Arc<str> {
    if parent.is_empty() {
        Arc::clone(name)
    } else {
        format!("{parent}/{name}").into()
    }
}

/// The path of the supervisor above; that of the root is its own.
pub(crate) fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// The last name.
pub(crate) fn name(path: &str) -> &str {
    // Names are short, and this is asked at every start.
    let slash = path.bytes().rposition(|byte| byte == b'/');
    slash.map_or(path, |at| &path[at + 1..])
}

/// A path as users see it.
pub(crate) fn shown(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}
