//! Reads TOML into nodes.

use toml::de::{DeTable, DeValue};

use super::document::{
    Content, Entry, MAX_DEPTH, MAX_VALUES, Node, Read, Span, Unreadable, line_starts,
};
use super::problem::MAX_MISTAKES;
use crate::template::Value;

/// Reads a document; after a mistake of its grammar the parser goes on.
pub(crate) fn read(text: &str) -> Result<Read, Vec<Unreadable>> {
    let lines = Lines::new(text);
    let (table, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map(|span| span.start));
    // There may be one for each byte of the text.
    let mistakes = errors.into_iter().take(MAX_MISTAKES + 1);
    let mistakes = mistakes.map(|error| Unreadable {
        span: error.span().map(|span| lines.span(span.start, span.end)),
        message: format!("this is not TOML: {}", error.message()),
    });
    let mut mistakes: Vec<Unreadable> = mistakes.collect();
    let mut reader = Reader { lines, values: 0 };
    let span = reader.lines.span(0, 1);
    match reader.table(table.get_ref(), span, 0) {
        Ok(root) => Ok(Read {
            root: Some(root),
            mistakes,
        }),
        Err(error) => {
            mistakes.push(error);
            Err(mistakes)
        }
    }
}

struct Reader<'t> {
    lines: Lines<'t>,
    values: usize,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, span: Span, depth: usize) -> Result<Node, Unreadable> {
        self.count(span, depth)?;
        // The parser has lost their order; their places have kept it.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let mut read = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let key_span = self.lines.span(key.span().start, key.span().end);
            let place = value.span();
            let value_span = self.lines.span(place.start, place.end);
            read.push(Entry {
                key: key.get_ref().to_string(),
                key_span,
                value: self.value(value.get_ref(), value_span, depth + 1)?,
            });
        }
        Ok(Node {
            span,
            content: Content::Map(read),
        })
    }

    fn value(&mut self, value: &DeValue<'_>, span: Span, depth: usize) -> Result<Node, Unreadable> {
        let scalar = match value {
            DeValue::Array(values) => {
                self.count(span, depth)?;
                let mut read = Vec::with_capacity(values.len());
                for value in values {
                    let place = value.span();
                    let span = self.lines.span(place.start, place.end);
                    read.push(self.value(value.get_ref(), span, depth + 1)?);
                }
                return Ok(Node {
                    span,
                    content: Content::List(read),
                });
            }
            DeValue::Table(table) => return self.table(table, span, depth),
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::Datetime(value) => Value::Text(value.to_string()),
            DeValue::Float(value) => {
                let number = value.as_str().parse();
                Value::Float(number.map_err(|_| not_a_number(value, span))?)
            }
            DeValue::Integer(value) => {
                let number = i128::from_str_radix(value.as_str(), value.radix());
                Value::Integer(number.map_err(|_| not_a_number(value, span))?)
            }
            DeValue::String(value) => Value::Text(value.to_string()),
        };
        self.count(span, depth)?;
        Ok(Node {
            span,
            content: Content::Scalar(scalar),
        })
    }

    fn count(&mut self, span: Span, depth: usize) -> Result<(), Unreadable> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(Unreadable::too_many(span));
        }
        if depth > MAX_DEPTH {
            return Err(Unreadable::too_deep(span));
        }
        Ok(())
    }
}

fn not_a_number(value: &impl std::fmt::Display, span: Span) -> Unreadable {
    Unreadable::at(span, format!("the number `{value}` does not fit"))
}

/// Where the lines of a text begin, and how many characters stand before a byte of it.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The characters before every so many bytes: a line may be as long as the text, and have the
    /// places of thousands of values.
    before: Vec<usize>,
}

/// How many bytes are counted one by one.
const STRIDE: usize = 256;

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let mut before = vec![0];
        let mut sum = 0;
        for bytes in text.as_bytes().chunks(STRIDE) {
            sum += characters(bytes);
            before.push(sum);
        }
        Self {
            text,
            starts: line_starts(text),
            before,
        }
    }

    fn span(&self, from: usize, to: usize) -> Span {
        let from = from.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= from).max(1);
        let start = self.starts[line - 1];
        let end = self
            .starts
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        let to = to.min(end).max(from);
        Span {
            line,
            column: self.characters_before(from) - self.characters_before(start) + 1,
            length: (self.characters_before(to) - self.characters_before(from)).max(1),
        }
    }

    fn characters_before(&self, at: usize) -> usize {
        let counted = at / STRIDE;
        let rest = &self.text.as_bytes()[counted * STRIDE..at];
        self.before[counted] + characters(rest)
    }
}

/// How many characters begin in these bytes of a text.
fn characters(bytes: &[u8]) -> usize {
    let begins = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
    bytes.iter().filter(begins).count()
}

#[cfg(test)]
mod tests {
    use super::super::document::What;
    use super::*;

    #[test]
    fn everything_has_its_place_and_its_order() {
        let text =
            "z = 1\na = \"größe\"\n\n[[children]]\nname = \"feed\"\n[[children]]\nname = 'x'\n";
        let node = read(text).unwrap().root.unwrap();
        let at = |steps: &[&str], what| {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            let span = node.find(&steps, what);
            (span.line, span.column, span.length)
        };
        assert_eq!(at(&["z"], What::Key), (1, 1, 1));
        assert_eq!(at(&["a"], What::Value), (2, 5, 7));
        assert_eq!(at(&["children", "0", "name"], What::Value), (5, 8, 6));
        assert_eq!(at(&["children", "1", "name"], What::Value), (7, 8, 3));
        let Content::Map(entries) = &node.content else {
            panic!("a document is a table");
        };
        let keys: Vec<&str> = entries.iter().map(|entry| &*entry.key).collect();
        assert_eq!(keys, ["z", "a", "children"]);
    }

    #[test]
    fn places_are_counted_in_characters_wherever_the_line_is_cut() {
        let text = format!(
            "{}\nx = '{}'\r\ny = 'é' # é",
            "é".repeat(700),
            "aé".repeat(700)
        );
        let lines = Lines::new(&text);
        for (from, _) in text.char_indices() {
            for to in [from, from + 1, from + 300, text.len()] {
                let span = lines.span(from, to);
                let start = text[..from].rfind('\n').map_or(0, |end| end + 1);
                let end = text[from..].find('\n').map_or(text.len(), |end| from + end);
                let counted = |from: usize, to: usize| {
                    let inside = text
                        .char_indices()
                        .filter(|(at, _)| (from..to).contains(at));
                    inside.count()
                };
                assert_eq!(span.line, text[..from].matches('\n').count() + 1);
                assert_eq!(span.column, counted(start, from) + 1);
                assert_eq!(span.length, counted(from, to.min(end)).max(1));
            }
        }
    }

    #[test]
    fn all_mistakes_of_the_grammar_are_found() {
        let errors = read("a = \nb = 1\nc = [1,\n").unwrap().mistakes;
        assert!(errors.len() >= 2, "{errors:?}");
        assert_eq!(errors[0].span.map(|span| span.line), Some(1));
        assert!(errors[0].message.starts_with("this is not TOML: "));
        let deep = format!("a = {}", "[".repeat(100_000));
        assert!(!read(&deep).unwrap().mistakes.is_empty());
    }
}
