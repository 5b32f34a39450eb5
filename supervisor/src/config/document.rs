//! What a text says, with the place of everything in it.
//!
//! Both formats are read into the same [`Node`]s. What is read is bounded before it grows: the size
//! of the text, how deep it is nested, and how many values it has, those that an alias repeats
//! included.

use std::collections::BTreeMap;

use crate::template::Value;

/// A longer text is not looked at.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// Deeper nesting is a mistake; a tree of supervisors may be 64 levels deep itself, each a list in
/// a map.
pub(crate) const MAX_DEPTH: usize = 160;
/// Values of one text.
pub(crate) const MAX_VALUES: usize = 100_000;

/// A place in a text: lines and columns count characters, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Characters on that line.
    pub(crate) length: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Anything without parts.
    Scalar(Value),
    List(Vec<Node>),
    /// In the order of the text.
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// What a text says, and what in it cannot be meant.
#[derive(Debug)]
pub(crate) struct Read {
    /// None, where it says nothing.
    pub(crate) root: Option<Node>,
    pub(crate) mistakes: Vec<Unreadable>,
}

/// A part of a text that cannot be read, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) span: Option<Span>,
    pub(crate) message: String,
}

impl Unreadable {
    pub(crate) fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            span: Some(span),
            message: message.into(),
        }
    }

    pub(crate) fn too_deep(span: Span) -> Self {
        Self::at(
            span,
            format!("it is nested deeper than {MAX_DEPTH} levels; flatten it"),
        )
    }

    pub(crate) fn too_many(span: Span) -> Self {
        Self::at(
            span,
            format!(
                "it has more than {MAX_VALUES} values, those that aliases repeat included; write \
                 less, or several files"
            ),
        )
    }
}

impl Node {
    /// The value without its places.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(values) => Value::List(values.iter().map(Self::value).collect()),
            Content::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.value()))
                    .collect::<BTreeMap<_, _>>(),
            ),
        }
    }

    /// How many values a copy of it is counted as: a long text is as many as it could have been.
    pub(crate) fn size(&self) -> usize {
        match &self.content {
            Content::Scalar(Value::Text(text)) => size_of_text(text),
            Content::Scalar(_) => 1,
            Content::List(values) => 1 + values.iter().map(Self::size).sum::<usize>(),
            Content::Map(entries) => {
                let sizes = entries
                    .iter()
                    .map(|entry| size_of_text(&entry.key) + entry.value.size());
                1 + sizes.sum::<usize>()
            }
        }
    }

    /// The place of what the steps lead to, or of the last thing on the way that is there.
    pub(crate) fn find(&self, steps: &[String], what: What) -> Span {
        let mut node = self;
        let mut span = self.span;
        for (place, step) in steps.iter().enumerate() {
            let last = place + 1 == steps.len();
            match &node.content {
                Content::Map(entries) => {
                    let Some(entry) = entries.iter().find(|entry| entry.key == *step) else {
                        return span;
                    };
                    span = match what {
                        What::Key if last => entry.key_span,
                        // A value of many lines is best shown by its key.
                        What::Value
                            if last && matches!(entry.value.content, Content::Scalar(_)) =>
                        {
                            entry.value.span
                        }
                        What::Key | What::Value => entry.key_span,
                    };
                    node = &entry.value;
                }
                Content::List(values) => {
                    let index = step.parse::<usize>().ok();
                    let Some(value) = index.and_then(|index| values.get(index)) else {
                        return span;
                    };
                    (node, span) = (value, value.span);
                }
                Content::Scalar(_) => return span,
            }
        }
        span
    }
}

const fn size_of_text(text: &str) -> usize {
    1 + text.len() / (MAX_BYTES / MAX_VALUES)
}

/// Where the lines of a text begin. A carriage return alone ends one, as YAML has it.
pub(crate) fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes.iter().enumerate().filter(|&(at, byte)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    let starts = ends.map(|(at, _)| at + 1);
    std::iter::once(0).chain(starts).collect()
}

/// What of an entry is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Key,
    Value,
}
