//! The types of a tree file, as plain data, and how they are read from a value.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::document::What;
use super::problem::{MAX_MISTAKES, Mistake};
use crate::template::Value;

/// A whole tree, or what is different for one that code declares.
///
/// It is plain data: read it from YAML or TOML with [`TreeFile`](super::file::TreeFile), or from
/// whatever layers your configuration, and say [`TreeConfig::apply`](TreeConfig::apply). Whether
/// what it says can be is found out there.
///
/// Settings have the keys and the values that they have in `supervisor_tree!`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TreeConfig {
    /// Settings of the root.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
    /// Children of the root, in start order, behind those that code declares.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ChildConfig>,
    /// Settings for children and supervisors wherever they are declared; a later one wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlay: Vec<OverlayConfig>,
}

/// A child: a worker of a template, or a supervisor with children of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ChildConfig {
    /// Its name among its siblings; by default that of its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What its template takes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, Value>,
    /// Its settings.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
    /// Its children, which make it a supervisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub children: Option<Vec<Self>>,
}

/// Settings for what a path or a tag selects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OverlayConfig {
    /// The path of one child or supervisor: `gateway/eu`; the root is `/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A tag: all that carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The settings.
    #[serde(flatten)]
    pub settings: BTreeMap<String, Value>,
    /// Children to be added to the supervisor at that path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ChildConfig>,
}

/// What can be said of a child besides its settings, in the order of a file.
pub(crate) const OF_CHILD: &[&str] = &["name", "template", "args", "children"];
/// The same at the top.
pub(crate) const OF_TREE: &[&str] = &["children", "overlay"];
/// The same in an overlay.
pub(crate) const OF_OVERLAY: &[&str] = &["path", "tag", "children"];

/// Reads data out of a value, and goes on after a mistake.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    pub(crate) mistakes: Vec<Mistake>,
    steps: Vec<String>,
}

impl Shape {
    pub(crate) fn tree(&mut self, value: &Value) -> TreeConfig {
        let mut tree = TreeConfig::default();
        let Some(entries) = self.map(
            value,
            "a tree is a map of settings, `children` and `overlay`",
        ) else {
            return tree;
        };
        for (key, value) in entries {
            self.inside(key, |shape| match key.as_str() {
                "children" => tree.children = shape.children(value),
                "overlay" => {
                    let overlays =
                        shape.list(value, "`overlay` is a list, each with a `path` or a `tag`");
                    tree.overlay = shape.each(overlays, Self::overlay);
                }
                _ => _ = tree.settings.insert(key.clone(), value.clone()),
            });
        }
        tree
    }

    pub(crate) fn child(&mut self, value: &Value) -> ChildConfig {
        let mut child = ChildConfig::default();
        let expected = "a child is a map: `name`, `template`, `args` and its settings";
        let Some(entries) = self.map(value, expected) else {
            return child;
        };
        for (key, value) in entries {
            self.inside(key, |shape| match key.as_str() {
                "name" => child.name = shape.text(value, "a name is a text"),
                "template" => child.template = shape.text(value, "`template` is the name of one"),
                "args" => child.args = shape.args(value),
                "children" => child.children = Some(shape.children(value)),
                _ => _ = child.settings.insert(key.clone(), value.clone()),
            });
        }
        child
    }

    fn overlay(&mut self, value: &Value) -> OverlayConfig {
        let mut overlay = OverlayConfig::default();
        let expected = "an overlay is a map: a `path` or a `tag`, and settings";
        let Some(entries) = self.map(value, expected) else {
            return overlay;
        };
        for (key, value) in entries {
            self.inside(key, |shape| match key.as_str() {
                "path" => overlay.path = shape.text(value, "a path is a text: `gateway/eu`"),
                "tag" => overlay.tag = shape.text(value, "a tag is a text"),
                "children" => overlay.children = shape.children(value),
                _ => _ = overlay.settings.insert(key.clone(), value.clone()),
            });
        }
        overlay
    }

    fn children(&mut self, value: &Value) -> Vec<ChildConfig> {
        let expected = "`children` is a list, since they start in order: `- name: feed`";
        let children = self.list(value, expected);
        self.each(children, Self::child)
    }

    fn args(&mut self, value: &Value) -> BTreeMap<String, Value> {
        // As it stands in a file whose entries are commented out.
        if *value == Value::Null {
            return BTreeMap::new();
        }
        let map = self.map(
            value,
            "`args` is a map, by the names of the template's parameters",
        );
        map.cloned().unwrap_or_default()
    }

    fn each<T>(&mut self, values: &[Value], read: fn(&mut Self, &Value) -> T) -> Vec<T> {
        let values = values.iter().enumerate();
        values
            .map(|(place, value)| self.inside(&place.to_string(), |shape| read(shape, value)))
            .collect()
    }

    fn inside<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.steps.push(step.to_owned());
        let read = read(self);
        self.steps.pop();
        read
    }

    fn map<'v>(&mut self, value: &'v Value, expected: &str) -> Option<&'v BTreeMap<String, Value>> {
        match value {
            Value::Map(entries) => Some(entries),
            other => {
                self.expected(other, expected);
                None
            }
        }
    }

    fn list<'v>(&mut self, value: &'v Value, expected: &str) -> &'v [Value] {
        match value {
            Value::List(values) => values,
            // As it stands in a file whose entries are commented out.
            Value::Null => &[],
            other => {
                self.expected(other, expected);
                &[]
            }
        }
    }

    fn text(&mut self, value: &Value, expected: &str) -> Option<String> {
        match value {
            Value::Text(text) => Some(text.clone()),
            other => {
                self.expected(other, expected);
                None
            }
        }
    }

    fn expected(&mut self, found: &Value, expected: &str) {
        if self.mistakes.len() > MAX_MISTAKES {
            return;
        }
        let message = format!("{expected}; this is {}", found.noun());
        self.mistakes
            .push(Mistake::new(&self.steps, What::Value, message));
    }
}

/// Reads data out of what another format has read; all mistakes of its shape at once.
fn from_outside<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: fn(&mut Shape, &Value) -> T,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let mut shape = Shape::default();
    let read = read(&mut shape, &value);
    if shape.mistakes.is_empty() {
        return Ok(read);
    }
    let invalid = super::problem::Source::default().invalid(&shape.mistakes);
    Err(serde::de::Error::custom(invalid))
}

impl<'de> Deserialize<'de> for TreeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_outside(deserializer, Shape::tree)
    }
}

impl<'de> Deserialize<'de> for ChildConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_outside(deserializer, Shape::child)
    }
}

impl<'de> Deserialize<'de> for OverlayConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_outside(deserializer, Shape::overlay)
    }
}
