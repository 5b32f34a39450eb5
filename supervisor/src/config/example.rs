//! A commented example of a tree file, written from the one table of settings.
//!
//! It holds every key that a file may set, each with what it is for and with its default: what it
//! says is what holds without it.

use std::fmt::Write;

use rust_supervisor_settings::table::{Place, Setting};
use rust_supervisor_settings::value::{Kind, Text};

use super::setting;
use crate::template::{Argument, Template, Templates};

/// What a tree file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Read with the feature `config-toml`.
    Toml,
    /// Read with the feature `config-yaml`.
    Yaml,
}

/// An example of a tree file, with a child for each of the templates.
///
/// With no templates it shows one that would be called `feed`. The example for that stands in the
/// repository, as `supervisor/docs/example.yaml` and `example.toml`.
///
/// # Examples
///
/// ```
/// use rust_supervisor::config::example::{Format, example};
/// use rust_supervisor::template::Templates;
///
/// let text = example(Format::Yaml, &Templates::default());
/// assert!(text.contains("strategy: one_for_one\n"));
/// ```
#[must_use]
pub fn example(format: Format, templates: &Templates) -> String {
    let mut writer = Writer {
        format,
        text: String::new(),
        indent: 0,
    };
    writer.comment("A tree file: what a tree is made of, or what is different in it.");
    writer.comment("");
    writer.comment("Every setting stands here with its default, so the file changes nothing. What");
    writer.comment("begins with `#` has no default that could be written, or needs a reason.");
    writer.blank();
    writer.comment("Settings of the root.");
    for row in setting::of(Place::Root) {
        writer.setting(row, Place::Root);
    }
    writer.blank();
    writer.comment("Children, in start order: workers of a template, and nested supervisors.");
    writer.begin_children();
    if templates.iter().next().is_none() {
        writer.worker("feed", "Its template says what it takes.", &[]);
    }
    for template in templates.iter() {
        writer.template(template);
    }
    writer.supervisor();
    writer.blank();
    writer.indent = 0;
    writer.overlay();
    writer.text
}

struct Writer {
    format: Format,
    text: String,
    indent: usize,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let indent = if line.is_empty() { 0 } else { self.indent };
        writeln!(self.text, "{:indent$}{line}", "").expect("a string");
    }

    fn blank(&mut self) {
        self.line("");
    }

    fn comment(&mut self, text: &str) {
        let line = format!("# {text}");
        self.line(line.trim_end());
    }

    /// A key with a value that is written as it stands.
    fn set(&mut self, key: &str, value: &str) {
        let line = self.assignment(key, value);
        self.line(&line);
    }

    fn assignment(&self, key: &str, value: &str) -> String {
        match self.format {
            Format::Toml => format!("{key} = {value}"),
            Format::Yaml => format!("{key}: {value}"),
        }
    }

    /// A text, in quotes where the format asks for them.
    fn quoted(&self, text: &str) -> String {
        match self.format {
            Format::Toml => format!("\"{text}\""),
            Format::Yaml => text.to_owned(),
        }
    }

    fn setting(&mut self, row: &Setting, place: Place) {
        let mut doc = row.doc.to_owned();
        if let Kind::Text(Text::Word(words)) = row.kind {
            write!(doc, " ({})", words.words.join(", ")).expect("a string");
        }
        self.comment(&format!("{}: {doc}.", row.key));
        match default_of(row, place) {
            Some(Default::Text(text)) => {
                let value = self.quoted(&text);
                self.set(row.key, &value);
            }
            Some(Default::Literal(value)) => self.set(row.key, value),
            None => {
                let example = setting::example(row);
                let value = match row.kind {
                    Kind::Text(_) => self.quoted(&example),
                    Kind::Names | Kind::Words => self.list(&example),
                    _ => example,
                };
                let line = self.assignment(row.key, &value);
                self.comment(&format!("{line}  (default: {})", row.default));
            }
        }
    }

    fn list(&self, example: &str) -> String {
        match self.format {
            Format::Toml => format!("[\"{}\"]", example.trim_matches(['[', ']'])),
            Format::Yaml => example.to_owned(),
        }
    }

    fn begin_children(&mut self) {
        if self.format == Format::Yaml {
            self.line("children:");
        }
    }

    fn begin_child(&mut self, name: &str) {
        let name = self.quoted(name);
        match self.format {
            Format::Toml => {
                self.indent = 0;
                self.line("[[children]]");
                self.set("name", &name);
            }
            Format::Yaml => {
                self.indent = 2;
                self.line(&format!("- name: {name}"));
                self.indent = 4;
            }
        }
    }

    fn template(&mut self, template: &Template) {
        let doc = template.doc().lines().next().unwrap_or_default().to_owned();
        self.worker(template.name(), &doc, template.arguments());
    }

    fn worker(&mut self, name: &str, doc: &str, arguments: &[Argument]) {
        self.begin_child(name);
        if !doc.is_empty() {
            self.comment(doc);
        }
        let quoted = self.quoted(name);
        self.set("template", &quoted);
        if arguments.is_empty() {
            self.comment("args: what the template takes, by the names of its parameters.");
        }
        for argument in arguments {
            let optional = if argument.required() {
                ""
            } else {
                ", optional"
            };
            let type_name = argument.type_name();
            let known = if type_name.is_empty() {
                "any"
            } else {
                type_name
            };
            self.comment(&format!("args.{}: {known}{optional}", argument.name()));
        }
        for row in setting::of(Place::Child) {
            self.setting(row, Place::Child);
        }
        self.blank();
    }

    fn supervisor(&mut self) {
        self.begin_child("nested");
        for row in setting::of(Place::Nested) {
            self.setting(row, Place::Nested);
        }
        self.set("children", "[]");
    }

    fn overlay(&mut self) {
        self.comment(
            "Settings for whatever a path or a tag selects, wherever it is declared; a later",
        );
        self.comment("one wins. The root is the path `/`.");
        let (path, tag, value) = (
            self.quoted("nested/feed"),
            self.quoted("batch"),
            self.quoted("30s"),
        );
        for (key, selected) in [("path", path), ("tag", tag)] {
            match self.format {
                Format::Toml => {
                    self.comment("[[overlay]]");
                    self.comment(&format!("{key} = {selected}"));
                    self.comment(&format!("shutdown = {value}"));
                }
                Format::Yaml => {
                    if key == "path" {
                        self.comment("overlay:");
                    }
                    self.comment(&format!("  - {key}: {selected}"));
                    self.comment(&format!("    shutdown: {value}"));
                }
            }
        }
    }
}

/// A default that can be written.
enum Default {
    Literal(&'static str),
    Text(String),
}

/// What holds in a place when the setting is not written, if that is one value.
fn default_of(row: &Setting, place: Place) -> Option<Default> {
    let mut default = row.default;
    if let Some((workers, nested)) = default.split_once("; nested supervisors ") {
        default = if place == Place::Nested {
            nested
        } else {
            workers
        };
    }
    match default {
        "false" => return Some(Default::Literal("false")),
        "true" => return Some(Default::Literal("true")),
        "[]" => return Some(Default::Literal("[]")),
        _ => {}
    }
    let text = default.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains('"')).then(|| Default::Text(text.to_owned()))
}
