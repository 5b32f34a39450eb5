//! The arguments of a template: which there are, and how they are read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::read::{self, Step};
use super::value::Value;

/// One argument that a template takes.
#[derive(Clone, Debug)]
pub struct Argument {
    name: Arc<str>,
    type_name: &'static str,
    required: bool,
    description: Description,
}

/// The JSON Schema of an argument, where its type has one.
///
/// It is there with the feature `schema`, for types that implement `schemars::JsonSchema`.
#[derive(Clone, Debug, Default)]
pub struct Description {
    #[cfg(feature = "schema")]
    pub(crate) schema: Option<serde_json::Value>,
}

#[cfg(feature = "schema")]
impl Description {
    /// The schema of a type, whole in itself.
    pub(crate) fn of<T: schemars::JsonSchema>() -> Self {
        let mut settings = schemars::generate::SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        let schema = settings.into_generator().into_root_schema_for::<T>();
        Self {
            schema: Some(schema.to_value()),
        }
    }

    /// The schema itself.
    #[must_use]
    pub const fn schema(&self) -> Option<&serde_json::Value> {
        self.schema.as_ref()
    }
}

impl Argument {
    /// What generated code calls, for a parameter of type `T`.
    pub(crate) fn of<T: DeserializeOwned>(
        name: &'static str,
        type_name: &'static str,
        description: Description,
    ) -> Self {
        Self {
            name: name.into(),
            type_name,
            required: read::read::<T>(None).is_err(),
            description,
        }
    }

    /// A name of which nothing else is known.
    pub(super) fn unknown(name: &str) -> Self {
        Self {
            name: name.into(),
            type_name: "",
            required: false,
            description: Description::default(),
        }
    }

    /// The name of the parameter.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type as it is written in the source; empty where that is not known.
    #[must_use]
    pub const fn type_name(&self) -> &str {
        self.type_name
    }

    /// Whether it must be there, as far as that is known.
    #[must_use]
    pub const fn required(&self) -> bool {
        self.required
    }

    /// Its JSON Schema, if it has one.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let optional = if self.required || self.type_name.is_empty() {
            ""
        } else {
            "?"
        };
        write!(f, "{}{optional}", self.name)?;
        if self.type_name.is_empty() {
            return Ok(());
        }
        write!(f, ": {}", self.type_name)
    }
}

/// The values that a template is given, and the mistakes that are found in them.
///
/// Used by generated code.
#[derive(Debug)]
pub struct Arguments<'a> {
    values: &'a BTreeMap<String, Value>,
    problems: Vec<ArgumentProblem>,
}

/// One mistake in the arguments of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArgumentProblem {
    /// The argument; empty where it is about all of them.
    pub argument: String,
    /// Where inside of its value, from the outside in: names of keys and numbers of places.
    pub inside: Vec<String>,
    /// What is wrong.
    pub message: String,
}

impl<'a> Arguments<'a> {
    pub(super) const fn new(values: &'a BTreeMap<String, Value>) -> Self {
        Self {
            values,
            problems: Vec::new(),
        }
    }

    /// Reads one argument; a mistake is noted, and the next can be read.
    pub fn take<T: DeserializeOwned>(&mut self, name: &str, type_name: &str) -> Option<T> {
        let value = self.values.get(name);
        match read::read(value) {
            Ok(argument) => Some(argument),
            Err(error) => {
                let message = match value {
                    None => format!("the argument `{name}: {type_name}` is missing"),
                    Some(_) => format!("the argument `{name}: {type_name}` {}", reason(&error)),
                };
                self.problems.push(ArgumentProblem {
                    argument: name.to_owned(),
                    inside: error.steps.into_iter().map(Step::into_text).collect(),
                    message,
                });
                None
            }
        }
    }

    /// Reads all of them as one value.
    pub(super) fn all<T: DeserializeOwned>(&mut self) -> Option<T> {
        if !self.problems.is_empty() {
            return None;
        }
        let value = Value::Map(self.values.clone());
        match read::read(Some(&value)) {
            Ok(arguments) => Some(arguments),
            Err(error) => {
                let message = format!("its arguments {}", reason(&error));
                let mut steps = error.steps.into_iter().map(Step::into_text);
                self.problems.push(ArgumentProblem {
                    argument: steps.next().unwrap_or_default(),
                    inside: steps.collect(),
                    message,
                });
                None
            }
        }
    }

    pub(super) fn report(&mut self, argument: &str, message: String) {
        self.problems.push(ArgumentProblem {
            argument: argument.to_owned(),
            inside: Vec::new(),
            message,
        });
    }

    pub(super) fn into_problems(self) -> Vec<ArgumentProblem> {
        self.problems
    }
}

fn reason(error: &read::ReadError) -> String {
    format!("cannot be read: {}", error.message)
}

impl fmt::Display for ArgumentProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Step {
    fn into_text(self) -> String {
        match self {
            Self::Key(key) => key,
            Self::Index(place) => place.to_string(),
        }
    }
}
