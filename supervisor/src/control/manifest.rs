//! Reading the manifest of a child.

use std::sync::Arc;

use rust_supervisor_settings::suggest::Unknown;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

use super::command::ChildManifest;
use crate::config::document::What;
use crate::config::problem::{InvalidConfig, Mistake, Source};
use crate::config::shape::{ChildConfig, Shape};
use crate::config::{apply, keys, yaml};
use crate::error::types::SupervisorError;
use crate::id::types::ChildId;
use crate::spec::child::{ChildSpec, TaskKind};
use crate::template::{Templates, Value};

/// A manifest is a few lines; more is a mistake, and is not parsed.
const MAX_BYTES: usize = 64 * 1024;

/// Reads a manifest, and makes the child that it is about.
pub(super) fn read(
    text: &str,
    templates: &Templates,
) -> Result<(ChildManifest, ChildSpec), SupervisorError> {
    let mut source = Source {
        file: "manifest".into(),
        text: text.into(),
        ..Source::default()
    };
    if text.len() > MAX_BYTES {
        let message = format!("it has {} bytes, and may have {MAX_BYTES}", text.len());
        return Err(InvalidConfig::one(&source.file, message).into());
    }
    let read = match yaml::read(text) {
        Ok(read) => read,
        Err(unread) => {
            source.unread = unread;
            return Err(source.invalid(&[]).into());
        }
    };
    source.unread = read.mistakes;
    let Some(root) = read.root else {
        let message = "it is empty; write the `name` of the child, at least";
        return Err(InvalidConfig::one(&source.file, message).into());
    };
    let mut value = root.value();
    source.root = Some(Arc::new(root));
    let (kind, mut mistakes) = kind(&mut value);
    let mut shape = Shape::default();
    let config = shape.child(&value);
    mistakes.append(&mut shape.mistakes);
    if !mistakes.is_empty() || !source.unread.is_empty() {
        return Err(source.invalid(&mistakes).into());
    }
    let child = if config.template.is_none() && config.children.is_none() {
        declared(&config).map_err(|mistakes| source.invalid(&mistakes))?
    } else {
        apply::child(&config, templates).map_err(|mistakes| source.invalid(&mistakes))?
    };
    let children = match &mut value {
        Value::Map(entries) => entries.remove("children"),
        _ => None,
    };
    let manifest = ChildManifest {
        name: child.id().to_string(),
        kind,
        template: config.template,
        args: config.args,
        children,
        settings: config.settings,
    };
    Ok((manifest, child))
}

/// A child without code: it is shown, and never runs.
fn declared(config: &ChildConfig) -> Result<ChildSpec, Vec<Mistake>> {
    let name = config.name.clone().unwrap_or_default();
    let mut mistakes = Vec::new();
    if config.name.is_none() {
        let message = "a child needs a `name`, or a `template` that it takes it from";
        mistakes.push(Mistake::new(&[], What::Value, message));
    }
    let mut needless = config.settings.keys();
    if !config.args.is_empty() {
        let steps = ["args".to_owned()];
        let message = format!("`{name}` has `args` and no `template` that takes them; name one");
        mistakes.push(Mistake::new(&steps, What::Key, message));
    } else if let Some(key) = needless.next() {
        let message = match keys::is_setting(key) {
            Ok(()) => {
                format!("`{key}` has no effect: `{name}` names no `template`, and never runs")
            }
            Err(unknown) => unknown,
        };
        mistakes.push(Mistake::new(std::slice::from_ref(key), What::Key, message));
    }
    if mistakes.is_empty() {
        Ok(ChildSpec::declared(ChildId::new(name)))
    } else {
        Err(mistakes)
    }
}

/// Takes the kind out of a manifest.
fn kind(value: &mut Value) -> (TaskKind, Vec<Mistake>) {
    let Value::Map(entries) = value else {
        return (TaskKind::default(), Vec::new());
    };
    let Some(written) = entries.remove("kind") else {
        return (TaskKind::default(), Vec::new());
    };
    let word: StrDeserializer<'_, Error> = match &written {
        Value::Text(text) => text.as_str().into_deserializer(),
        _ => "".into_deserializer(),
    };
    if let Ok(kind) = TaskKind::deserialize(word) {
        return (kind, Vec::new());
    }
    let kinds = ["async_worker", "blocking_worker", "supervisor"];
    let unknown = Unknown::new("kind", &written.to_string(), kinds);
    let steps = ["kind".to_owned()];
    let mistake = Mistake::new(&steps, What::Value, unknown.to_string());
    (TaskKind::default(), vec![mistake])
}
