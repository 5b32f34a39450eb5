//! The JSON Schema of a tree file, written from the one table of settings.
//!
//! Editors complete and check a file by it: `# yaml-language-server: $schema=tree.schema.json`.

use rust_supervisor_settings::name;
use rust_supervisor_settings::table::{Place, Setting};
use rust_supervisor_settings::value::{Kind, Text};
use serde_json::{Map, Value, json};

use super::setting;
use crate::template::{Argument, Template, Templates};

/// No setting means anything with a duration of zero.
const DURATION: &str = "0*[1-9][0-9]*(ms|s|m|h)";

/// The schema of files that may name these templates, with their arguments.
///
/// An argument whose type implements `schemars::JsonSchema` is described by that; any other may be
/// anything, and is checked when the file is applied. With no templates at all, any may be named:
/// that schema stands in the repository, as `supervisor/docs/tree.schema.json`.
///
/// What it cannot tell, such as whether there is a sibling of that name, is found when the file is
/// applied.
///
/// # Examples
///
/// ```
/// use rust_supervisor::config::schema::schema;
/// use rust_supervisor::template::Templates;
///
/// let schema = schema(&Templates::default());
/// assert_eq!(schema["properties"]["start"]["enum"][0], "ordered");
/// ```
#[must_use]
pub fn schema(templates: &Templates) -> Value {
    let mut root = settings(Place::Root);
    root.insert(
        "children".to_owned(),
        children("Children of the root, in start order."),
    );
    root.insert(
        "overlay".to_owned(),
        json!({
            "description": "Settings for whatever a path or a tag selects; a later one wins.",
            "type": ["array", "null"],
            "items": { "$ref": "#/$defs/overlay" },
        }),
    );
    let mut shared = Map::new();
    let kinds = kinds(templates, &mut shared);
    shared.insert("child".to_owned(), json!({ "anyOf": kinds }));
    shared.insert("overlay".to_owned(), overlay());
    shared.insert("supervisor".to_owned(), supervisor());
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tree file of rust-tokio-supervisor",
        "type": "object",
        "additionalProperties": false,
        "properties": root,
        "$defs": shared,
    })
}

fn kinds(templates: &Templates, shared: &mut Map<String, Value>) -> Vec<Value> {
    let workers = templates.iter().map(|template| worker(template, shared));
    let mut kinds: Vec<Value> = workers.collect();
    if kinds.is_empty() {
        kinds.push(any_worker());
    }
    kinds.push(json!({ "$ref": "#/$defs/supervisor" }));
    kinds
}

fn any_worker() -> Value {
    let mut properties = settings(Place::Child);
    properties.insert(
        "name".to_owned(),
        name_of("By default that of its template."),
    );
    let described = "What it runs, by the name that the program has registered it under.";
    properties.insert(
        "template".to_owned(),
        json!({ "type": "string", "description": described }),
    );
    properties.insert(
        "args".to_owned(),
        json!({ "type": ["object", "null"], "description": "What its template takes." }),
    );
    object(properties, &["template"])
}

fn worker(template: &Template, shared: &mut Map<String, Value>) -> Value {
    let mut properties = settings(Place::Child);
    properties.insert(
        "name".to_owned(),
        name_of("By default that of its template."),
    );
    let mut described = json!({ "const": template.name() });
    if !template.doc().is_empty() {
        described["description"] = template.doc().into();
    }
    properties.insert("template".to_owned(), described);
    for (key, default) in template.settings() {
        if let Some(property) = properties.get_mut(*key) {
            // What the function says holds where the file says nothing.
            property["default"] = (*default).into();
        }
    }
    let arguments: Map<String, Value> = template
        .arguments()
        .iter()
        .map(|argument| {
            let scope = format!("{}.{}", template.name(), argument.name());
            let described = described_argument(argument, &scope, shared);
            (argument.name().to_owned(), described)
        })
        .collect();
    let required = template
        .arguments()
        .iter()
        .filter(|argument| argument.required());
    let required: Vec<&str> = required.map(Argument::name).collect();
    let closed = !arguments.is_empty() || template.takes_nothing();
    let kind = if required.is_empty() {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    properties.insert(
        "args".to_owned(),
        json!({
            "type": kind,
            "properties": arguments,
            "required": required,
            "additionalProperties": !closed,
        }),
    );
    if required.is_empty() {
        object(properties, &["template"])
    } else {
        object(properties, &["template", "args"])
    }
}

fn described_argument(argument: &Argument, scope: &str, shared: &mut Map<String, Value>) -> Value {
    match argument.description().schema() {
        Some(schema) => embedded(schema.clone(), scope, shared),
        None if argument.type_name().is_empty() => json!({}),
        None => json!({ "description": argument.type_name() }),
    }
}

/// The schema of an argument as a part of another: what it defines for itself, as for a type that
/// holds itself, is defined there.
fn embedded(mut schema: Value, scope: &str, shared: &mut Map<String, Value>) -> Value {
    let own = schema.as_object_mut().and_then(|own| own.remove("$defs"));
    let names_itself = points_into(&mut schema, scope);
    for (name, mut definition) in own.and_then(into_map).unwrap_or_default() {
        points_into(&mut definition, scope);
        shared.insert(format!("{scope}.{name}"), definition);
    }
    if !names_itself {
        return schema;
    }
    shared.insert(scope.to_owned(), schema);
    json!({ "$ref": format!("#/$defs/{}", escaped(scope)) })
}

fn into_map(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Lets the references of a schema lead to where its definitions are put; whether one leads to all
/// of it.
fn points_into(schema: &mut Value, scope: &str) -> bool {
    match schema {
        Value::Array(values) => values
            .iter_mut()
            .fold(false, |found, value| points_into(value, scope) | found),
        Value::Object(entries) => {
            let mut found = false;
            for (key, value) in entries {
                let target = value.as_str().filter(|_| key == "$ref");
                let Some(target) = target.and_then(|target| target.strip_prefix('#')) else {
                    found |= points_into(value, scope);
                    continue;
                };
                found |= target.is_empty();
                let rest = target
                    .strip_prefix("/$defs/")
                    .map(|name| format!(".{name}"));
                let rest = rest.unwrap_or_default();
                *value = format!("#/$defs/{}{rest}", escaped(scope)).into();
            }
            found
        }
        _ => false,
    }
}

/// A name as a part of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn supervisor() -> Value {
    let mut properties = settings(Place::Nested);
    properties.insert("name".to_owned(), name_of("Its name among its siblings."));
    properties.insert(
        "children".to_owned(),
        children("Its children, in start order."),
    );
    let mut supervisor = object(properties, &["name"]);
    // What says nothing of children could be meant to be anything.
    let says = setting::of(Place::Root).map(|row| row.key);
    let says = std::iter::once("children").chain(says);
    supervisor["anyOf"] = says.map(|key| json!({ "required": [key] })).collect();
    supervisor
}

fn overlay() -> Value {
    let mut properties = settings(Place::Child);
    for (key, value) in settings(Place::Nested) {
        properties.entry(key).or_insert(value);
    }
    properties.insert(
        "path".to_owned(),
        json!({
            "type": "string",
            "minLength": 1,
            "description": "One child or supervisor: `gateway/eu`; the root is `/`.",
        }),
    );
    properties.insert(
        "tag".to_owned(),
        json!({ "type": "string", "description": "All that carry it." }),
    );
    let described = "Children to be added to the supervisor at that path.";
    properties.insert("children".to_owned(), children(described));
    let mut overlay = object(properties, &[]);
    overlay["minProperties"] = 2.into();
    overlay["oneOf"] = json!([{ "required": ["path"] }, { "required": ["tag"] }]);
    overlay
}

fn object(properties: Map<String, Value>, required: &[&str]) -> Value {
    let mut object = json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
    });
    object["properties"] = Value::Object(properties);
    object
}

fn children(description: &str) -> Value {
    json!({
        "description": description,
        "type": ["array", "null"],
        "items": { "$ref": "#/$defs/child" },
    })
}

fn name_of(description: &str) -> Value {
    let mut name = a_name();
    name["description"] = description.into();
    name
}

fn a_name() -> Value {
    json!({
        "type": "string",
        "pattern": "^[A-Za-z0-9_.:-]+$",
        "maxLength": name::MAX_LENGTH,
    })
}

fn settings(place: Place) -> Map<String, Value> {
    let rows = setting::of(place);
    rows.map(|row| (row.key.to_owned(), setting_schema(row)))
        .collect()
}

fn setting_schema(row: &Setting) -> Value {
    let mut schema = match row.kind {
        Kind::Count => json!({ "type": "integer", "minimum": 0 }),
        Kind::Flag | Kind::Switch => json!({ "type": "boolean" }),
        Kind::Limit => {
            json!({ "anyOf": [{ "type": "boolean" }, { "type": "integer", "minimum": 0 }] })
        }
        Kind::Names | Kind::Words => {
            json!({ "type": "array", "items": a_name(), "uniqueItems": true })
        }
        Kind::Path => json!({ "type": "string" }),
        Kind::Text(Text::Word(words)) => json!({ "enum": words.words }),
        Kind::Text(text) => json!({ "type": "string", "pattern": pattern(text) }),
    };
    schema["description"] = format!("{}. Default: {}", row.doc, row.default).into();
    schema
}

fn pattern(text: Text) -> String {
    match text {
        Text::Budget => format!("^({DURATION}|abort|infinity)$"),
        Text::Duration => format!("^{DURATION}$"),
        Text::Range => format!("^({DURATION}|{DURATION}\\.\\.=?{DURATION}|none)$"),
        Text::Rate => format!("^[0-9]+/{DURATION}$"),
        Text::Word(words) => format!("^({})$", words.words.join("|")),
    }
}
