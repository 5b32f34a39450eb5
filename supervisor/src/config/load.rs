//! Reads a tree file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use super::document::{MAX_BYTES, Read, Unreadable};
use super::file::TreeFile;
use super::problem::{InvalidConfig, Source};
use super::shape::Shape;
use crate::template::Value;

/// How the name of a file ends that this program can read.
const ENDS: &str = match (cfg!(feature = "config-yaml"), cfg!(feature = "config-toml")) {
    (true, true) => "`.yaml`, `.yml` or `.toml`",
    (true, false) => "`.yaml` or `.yml` (`.toml` takes the feature `config-toml`)",
    (false, _) => "`.toml` (`.yaml` takes the feature `config-yaml`)",
};

impl TreeFile {
    /// Reads a file in the format that its name says: `.yaml`, `.yml` or `.toml`.
    ///
    /// A file of more than 1 MiB is not read.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, InvalidConfig> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let file: Arc<str> = name.as_str().into();
        let one = |message: String| InvalidConfig::one(&file, message);
        let format = path.extension().and_then(|extension| extension.to_str());
        let read = match format {
            #[cfg(feature = "config-yaml")]
            Some("yaml" | "yml") => Self::yaml,
            #[cfg(feature = "config-toml")]
            Some("toml") => Self::toml,
            _ => {
                return Err(one(format!(
                    "what is in it is told by the end of its name: {ENDS}"
                )));
            }
        };
        let text = text(path).map_err(one)?;
        read(name.as_str(), &text)
    }

    /// Reads YAML; `name` is what errors call it.
    #[cfg(feature = "config-yaml")]
    pub fn yaml(name: impl AsRef<str>, text: &str) -> Result<Self, InvalidConfig> {
        Self::read(name.as_ref(), text, super::yaml::read)
    }

    /// Reads TOML; `name` is what errors call it.
    #[cfg(feature = "config-toml")]
    pub fn toml(name: impl AsRef<str>, text: &str) -> Result<Self, InvalidConfig> {
        Self::read(name.as_ref(), text, super::toml::read)
    }

    fn read(
        name: &str,
        text: &str,
        read: impl FnOnce(&str) -> Result<Read, Vec<Unreadable>>,
    ) -> Result<Self, InvalidConfig> {
        let file: Arc<str> = name.into();
        if text.len() > MAX_BYTES {
            return Err(InvalidConfig::one(&file, too_long()));
        }
        // A mark that some editors write, and that no column counts.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut source = Source {
            file,
            text: text.into(),
            ..Source::default()
        };
        let read = match read(text) {
            Ok(read) => read,
            Err(unread) => {
                source.unread = unread;
                return Err(source.invalid(&[]));
            }
        };
        source.unread = read.mistakes;
        let says = |value: &Value| match value {
            Value::Map(entries) => !entries.is_empty(),
            value => *value != Value::Null,
        };
        let root = read.root.map(|root| (root.value(), root));
        let Some((value, root)) = root.filter(|(value, _)| says(value)) else {
            if source.unread.is_empty() {
                return Err(InvalidConfig::one(&source.file, empty()));
            }
            return Err(source.invalid(&[]));
        };
        source.root = Some(Arc::new(root));
        let mut shape = Shape::default();
        let config = shape.tree(&value);
        Ok(Self {
            config,
            source,
            mistakes: shape.mistakes,
        })
    }
}

/// The text of a file, if it is one that can be a tree file.
fn text(path: &Path) -> Result<String, String> {
    let cannot = |error: std::io::Error| format!("it cannot be read: {error}");
    // To open a pipe is to wait for whoever writes into it.
    may_be_read(&std::fs::metadata(path).map_err(cannot)?)?;
    let file = File::open(path).map_err(cannot)?;
    may_be_read(&file.metadata().map_err(cannot)?)?;
    // One may grow meanwhile.
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_long());
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = before.lines().count().max(1);
        format!("it is not UTF-8 from byte {valid} on, in line {line}; save it as UTF-8")
    })
}

/// Whether what the name leads to is a file, and nothing that takes its time.
fn may_be_read(about: &std::fs::Metadata) -> Result<(), String> {
    if about.is_dir() {
        return Err("it is a directory; name a file in it".to_owned());
    }
    if !about.is_file() {
        let message = "it is a pipe, a socket or a device; name a regular file, or a link to one";
        return Err(message.to_owned());
    }
    Ok(())
}

fn too_long() -> String {
    format!("it has more than {MAX_BYTES} bytes and is not read; a tree file is far smaller")
}

fn empty() -> String {
    "it is empty; a tree file has settings, `children` or `overlay`".to_owned()
}
