//! Reads YAML: events of the parser into nodes, with limits of our own.
//!
//! Plain scalars are those of YAML 1.2's core schema: `yes`, `no`, `on` and `08:30` are texts.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span as Mark, Tag};

use super::document::{Content, Entry, MAX_DEPTH, MAX_VALUES, Node, Read, Span, Unreadable};
use super::problem::MAX_MISTAKES;
use crate::template::Value;

/// Reads one document. What cannot be meant is told, and left out; where the text is no YAML from
/// some place on, that is told last.
pub(crate) fn read(text: &str) -> Result<Read, Vec<Unreadable>> {
    let mut builder = Builder::default();
    match builder.read(text) {
        Ok(()) => Ok(Read {
            root: builder.root,
            mistakes: builder.mistakes,
        }),
        Err(error) => {
            builder.mistakes.push(error);
            Err(builder.mistakes)
        }
    }
}

#[derive(Default)]
struct Builder {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    values: usize,
    mistakes: Vec<Unreadable>,
}

/// A list or a map that has not ended.
struct Open {
    anchor: usize,
    span: Span,
    parts: Parts,
}

enum Parts {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        /// In which line a key stands.
        lines: HashMap<String, usize>,
        key: Key,
    },
}

/// What has been read of the next entry of a map.
enum Key {
    /// Its key comes next.
    Next,
    Read(String, Span),
    /// Its key cannot be meant, and the value with it.
    LeftOut,
}

impl Builder {
    fn read(&mut self, text: &str) -> Result<(), Unreadable> {
        let mut ended = false;
        for event in Parser::new_from_str(text) {
            let (event, mark) = event.map_err(|error| {
                let marker = error.marker();
                let span = Span {
                    line: marker.line(),
                    column: marker.col() + 1,
                    length: 1,
                };
                Unreadable::at(span, format!("this is not YAML: {}", error.info()))
            })?;
            if ended && matches!(event, Event::DocumentStart(_)) {
                let message = "there is a second document; one file describes one tree";
                self.cannot_be(span_of(mark), message);
                return Ok(());
            }
            ended |= matches!(event, Event::DocumentEnd);
            self.event(event, mark)?;
        }
        Ok(())
    }

    /// Something that cannot be meant; the reading goes on.
    fn cannot_be(&mut self, span: Span, message: impl Into<String>) {
        if self.mistakes.len() <= MAX_MISTAKES {
            self.mistakes.push(Unreadable::at(span, message));
        }
    }

    fn event(&mut self, event: Event<'_>, mark: Mark) -> Result<(), Unreadable> {
        let span = span_of(mark);
        match event {
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor) else {
                    self.cannot_be(span, "this alias stands inside of what it repeats");
                    let content = Content::Scalar(Value::Null);
                    self.put(Node { span, content });
                    return Ok(());
                };
                let size = node.size();
                self.count(size, span)?;
                let content = self.anchors[&anchor].content.clone();
                self.put(Node { span, content });
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_deref().is_some_and(|tag| is_core(tag, "str"));
                if let Some(tag) = tag.filter(|_| !is_text) {
                    self.cannot_be(span, tagged(&tag));
                }
                let value = if style == ScalarStyle::Plain && !is_text {
                    plain(&text)
                } else {
                    Value::Text(text.into_owned())
                };
                let node = Node {
                    span,
                    content: Content::Scalar(value),
                };
                self.count(1, span)?;
                self.remember(anchor, &node)?;
                self.put(node);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| !is_core(tag, "seq")) {
                    self.cannot_be(span, tagged(&tag));
                }
                self.begin(anchor, span, Parts::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                if let Some(tag) = tag.filter(|tag| !is_core(tag, "map")) {
                    self.cannot_be(span, tagged(&tag));
                }
                let parts = Parts::Map {
                    entries: Vec::new(),
                    lines: HashMap::new(),
                    key: Key::Next,
                };
                self.begin(anchor, span, parts)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn begin(&mut self, anchor: usize, span: Span, parts: Parts) -> Result<(), Unreadable> {
        if self.open.len() >= MAX_DEPTH {
            return Err(Unreadable::too_deep(span));
        }
        self.count(1, span)?;
        self.open.push(Open {
            anchor,
            span,
            parts,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let content = match open.parts {
            Parts::List(values) => Content::List(values),
            Parts::Map { entries, .. } => Content::Map(entries),
        };
        let node = Node {
            span: open.span,
            content,
        };
        self.remember(open.anchor, &node)?;
        self.put(node);
        Ok(())
    }

    fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), Unreadable> {
        if anchor != 0 {
            self.count(node.size(), node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(())
    }

    /// Values are counted before they are copied.
    fn count(&mut self, values: usize, span: Span) -> Result<(), Unreadable> {
        self.values += values;
        if self.values > MAX_VALUES {
            return Err(Unreadable::too_many(span));
        }
        Ok(())
    }

    fn put(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut open.parts {
            Parts::List(values) => values.push(node),
            Parts::Map {
                entries,
                lines,
                key,
            } => match std::mem::replace(key, Key::Next) {
                Key::Read(key, key_span) => entries.push(Entry {
                    key,
                    key_span,
                    value: node,
                }),
                Key::LeftOut => {}
                Key::Next => match key_of(node, lines) {
                    Ok((name, span)) => *key = Key::Read(name, span),
                    Err(mistake) => {
                        *key = Key::LeftOut;
                        if self.mistakes.len() <= MAX_MISTAKES {
                            self.mistakes.push(mistake);
                        }
                    }
                },
            },
        }
    }
}

fn key_of(node: Node, lines: &mut HashMap<String, usize>) -> Result<(String, Span), Unreadable> {
    let key = match node.content {
        Content::Scalar(Value::Text(text)) => text,
        Content::Scalar(value @ (Value::Integer(_) | Value::Bool(_))) => value.to_string(),
        Content::Scalar(_) | Content::List(_) | Content::Map(_) => {
            let message = "a key is a text; put it in quotes";
            return Err(Unreadable::at(node.span, message));
        }
    };
    if key == "<<" {
        let message = "maps are not merged here; write the settings out, or overlay them by tag";
        return Err(Unreadable::at(node.span, message));
    }
    if let Some(line) = lines.get(&key) {
        let message = format!("`{key}` is there twice, first in line {line}; keep one of them");
        return Err(Unreadable::at(node.span, message));
    }
    lines.insert(key.clone(), node.span.line);
    Ok((key, node.span))
}

fn is_core(tag: &Tag, suffix: &str) -> bool {
    tag.is_yaml_core_schema() && tag.suffix == suffix
}

fn tagged(tag: &Tag) -> String {
    let tag = if tag.is_yaml_core_schema() {
        format!("!!{}", tag.suffix)
    } else {
        tag.to_string()
    };
    format!("the tag `{tag}` means nothing here; leave it away")
}

/// What an unquoted text means in the core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    whole(text)
        .or_else(|| floating(text))
        .unwrap_or_else(|| text.into())
}

fn whole(text: &str) -> Option<Value> {
    let based = |digits: &str, radix| i128::from_str_radix(digits, radix).ok();
    if let Some(digits) = text
        .strip_prefix("0x")
        .filter(|rest| !rest.starts_with('+'))
    {
        return based(digits, 16).map(Value::Integer);
    }
    if let Some(digits) = text
        .strip_prefix("0o")
        .filter(|rest| !rest.starts_with('+'))
    {
        return based(digits, 8).map(Value::Integer);
    }
    based(text, 10).map(Value::Integer)
}

fn floating(text: &str) -> Option<Value> {
    // `f64::from_str` also takes `inf`, `nan` and the like.
    let numeric = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
    let has_digit = text.contains(|c: char| c.is_ascii_digit());
    let starts = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    if !starts || !has_digit || !text.chars().all(numeric) {
        return None;
    }
    text.parse().ok().map(Value::Float)
}

fn span_of(mark: Mark) -> Span {
    let length = if mark.start.line() == mark.end.line() {
        mark.end.col().saturating_sub(mark.start.col())
    } else {
        1
    };
    Span {
        line: mark.start.line(),
        column: mark.start.col() + 1,
        length: length.max(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        let read = read(text).expect("it is YAML");
        assert_eq!(read.mistakes, []);
        read.root.map_or(Value::Null, |node| node.value())
    }

    fn fails(text: &str) -> (usize, usize, String) {
        let mistakes = read(text).map_or_else(|mistakes| mistakes, |read| read.mistakes);
        let [error] = &mistakes[..] else {
            panic!("one mistake: {mistakes:?}");
        };
        let span = error.span.expect("it has a place");
        (span.line, span.column, error.message.clone())
    }

    #[test]
    fn only_the_core_schema_makes_values_of_texts() {
        for (text, meant) in [
            ("yes", Value::from("yes")),
            ("no", "no".into()),
            ("on", "on".into()),
            ("08:30", "08:30".into()),
            ("100ms..30s", "100ms..30s".into()),
            ("5/30s", "5/30s".into()),
            ("1.2.3", "1.2.3".into()),
            ("infinity", "infinity".into()),
            ("'5'", "5".into()),
            ("5", Value::Integer(5)),
            ("-5", Value::Integer(-5)),
            ("0x1F", Value::Integer(31)),
            ("1e3", Value::Float(1000.0)),
            ("1.5", Value::Float(1.5)),
            ("true", Value::Bool(true)),
            ("~", Value::Null),
        ] {
            assert_eq!(value(text), meant, "{text}");
        }
    }

    #[test]
    fn everything_has_its_place() {
        let node = read("a: 1\nb:\n  - x\n  - c: größe\n")
            .unwrap()
            .root
            .unwrap();
        let at = |steps: &[&str], what| {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            let span = node.find(&steps, what);
            (span.line, span.column, span.length)
        };
        assert_eq!(at(&["a"], What::Key), (1, 1, 1));
        assert_eq!(at(&["a"], What::Value), (1, 4, 1));
        assert_eq!(at(&["b", "0"], What::Value), (3, 5, 1));
        assert_eq!(at(&["b", "1", "c"], What::Value), (4, 8, 5));
        assert_eq!(
            at(&["b", "1", "d"], What::Value),
            (4, 5, 1),
            "what is there"
        );
    }

    use super::super::document::What;

    #[test]
    fn an_alias_repeats_a_value_and_a_million_laughs_are_refused() {
        assert_eq!(
            value("a: &x [1, 2]\nb: *x\n").to_string(),
            "{a: [1, 2], b: [1, 2]}"
        );
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..30 {
            let below = format!("*a{}", level - 1);
            let nine = [&*below; 9].join(", ");
            text += &[
                "a",
                &level.to_string(),
                ": &a",
                &level.to_string(),
                " [",
                &nine,
                "]\n",
            ]
            .concat();
        }
        let (line, _, message) = fails(&text);
        assert!(line < 8, "{line}");
        assert!(message.contains("more than 100000 values"), "{message}");
    }

    #[test]
    fn deep_nesting_is_refused() {
        let nested = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        let (_, column, message) = fails(&nested(MAX_DEPTH + 1));
        assert_eq!(column, MAX_DEPTH + 1);
        assert!(message.contains("nested deeper than 160"), "{message}");
        fails(&"[".repeat(100_000));
        let lines: Vec<String> = (0..5_000).map(|i| " ".repeat(i) + "- \n").collect();
        let (line, _, _) = fails(&lines.concat());
        assert!(line < 200, "{line}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let (line, column, message) = fails("a: 1\nb: 2\na: 3\n");
        assert_eq!((line, column), (3, 1));
        assert_eq!(
            message,
            "`a` is there twice, first in line 1; keep one of them"
        );
        assert!(fails("a: &x [*x]").2.contains("inside of what it repeats"));
        assert!(
            fails("a: !!python/object x\n")
                .2
                .starts_with("the tag `!!python/object`")
        );
        assert!(fails("a: !ruby [x]\n").2.starts_with("the tag `!ruby`"));
        assert_eq!(value("!!str 5"), "5".into());
        assert!(fails("a: 1\n---\nb: 2\n").2.contains("second document"));
        assert!(fails("a: [1, 2\nb: 3").2.starts_with("this is not YAML"));
        assert!(fails("x:\n  <<: {a: 1}\n").2.contains("not merged"));
        assert!(read("").unwrap().root.is_none());
    }
}
