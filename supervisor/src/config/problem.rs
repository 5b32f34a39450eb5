//! What is wrong with a file: where, what stands there, and what to write instead.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::document::{Node, Span, Unreadable, What, line_starts};
use crate::spec::error::write_lines;

/// A file, or a value from elsewhere, that describes no sound tree; with all of its mistakes.
///
/// Displays as a list: each mistake with its place, the line that it stands in, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvalidConfig {
    /// The mistakes, in the order of the file.
    pub problems: Vec<ConfigProblem>,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The file, as it was named when it was read; empty for a value that came from no file.
    pub file: Arc<str>,
    /// The way from the outside in: `children`, `0`, `shutdown`.
    pub path: Vec<String>,
    /// Where that is, in a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is wrong, and what to do; the remedy may be a line of its own.
    pub message: String,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What stands there.
    pub text: String,
    /// The whole line.
    pub source: String,
}

/// Who has made more mistakes than this has another problem; finding them takes time.
pub(crate) const MAX_MISTAKES: usize = 100;

/// Longer lines are cut where they are shown.
const SHOWN: usize = 160;

/// What a text was read from, and what it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
    pub(crate) root: Option<Arc<Node>>,
    /// What in the text cannot be meant; it is not in the root.
    pub(crate) unread: Vec<Unreadable>,
}

/// A mistake whose place has not been looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mistake {
    pub(crate) steps: Vec<String>,
    pub(crate) what: What,
    pub(crate) message: String,
}

impl Mistake {
    pub(crate) fn new(steps: &[String], what: What, message: impl Into<String>) -> Self {
        Self {
            steps: steps.to_vec(),
            what,
            message: message.into(),
        }
    }
}

impl Source {
    /// All mistakes there are: those of the text, and those of what it says.
    ///
    /// What stands in a line that could not be read says nothing else.
    pub(crate) fn invalid(&self, mistakes: &[Mistake]) -> InvalidConfig {
        let mut problems: Vec<(Span, ConfigProblem)> = Vec::with_capacity(mistakes.len());
        let starts = line_starts(&self.text);
        for unread in self.unread.iter().take(MAX_MISTAKES) {
            let problem = ConfigProblem {
                file: Arc::clone(&self.file),
                path: Vec::new(),
                place: unread.span.map(|span| self.place(span, &starts)),
                message: unread.message.clone(),
            };
            problems.push((unread.span.unwrap_or_default(), problem));
        }
        let is_unread = |span: Span| {
            let mut spans = self.unread.iter().filter_map(|unread| unread.span);
            spans.any(|unread| unread.line == span.line)
        };
        for mistake in mistakes.iter().take(MAX_MISTAKES) {
            let root = self.root.as_ref();
            let span = root.map(|root| root.find(&mistake.steps, mistake.what));
            if span.is_some_and(is_unread) {
                continue;
            }
            let problem = ConfigProblem {
                file: Arc::clone(&self.file),
                path: mistake.steps.clone(),
                place: span.map(|span| self.place(span, &starts)),
                message: mistake.message.clone(),
            };
            if !problems.iter().any(|(_, other)| *other == problem) {
                problems.push((span.unwrap_or_default(), problem));
            }
        }
        problems.sort_by_key(|(span, _)| (span.line, span.column));
        let more = self.unread.len() + mistakes.len() > MAX_MISTAKES;
        let problems = problems.into_iter().take(MAX_MISTAKES);
        let mut problems: Vec<ConfigProblem> = problems.map(|(_, problem)| problem).collect();
        if more {
            let more = format!("there are more mistakes than these {}", problems.len());
            problems.extend(InvalidConfig::one(&self.file, more).problems);
        }
        InvalidConfig { problems }
    }

    fn place(&self, span: Span, starts: &[usize]) -> Place {
        let from = starts.get(span.line.saturating_sub(1));
        let from = from.copied().unwrap_or(self.text.len());
        let to = starts.get(span.line).copied().unwrap_or(self.text.len());
        let line = self.text[from..to].trim_end_matches(['\n', '\r']);
        let characters = line.chars().skip(span.column - 1).take(span.length);
        Place {
            line: span.line,
            column: span.column,
            text: characters.take(SHOWN).collect(),
            source: line.chars().take(SHOWN).collect(),
        }
    }
}

impl InvalidConfig {
    pub(crate) fn one(file: &Arc<str>, message: impl Into<String>) -> Self {
        Self {
            problems: vec![ConfigProblem {
                file: Arc::clone(file),
                path: Vec::new(),
                place: None,
                message: message.into(),
            }],
        }
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(f, &self.problems)
    }
}

impl std::error::Error for InvalidConfig {}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(place) = &self.place else {
            if !self.file.is_empty() {
                write!(f, "{}: ", self.file)?;
            }
            if !self.path.is_empty() {
                write!(f, "{}: ", self.path.join("."))?;
            }
            return f.write_str(&self.message);
        };
        let (line, column) = (place.line, place.column);
        write!(f, "{}:{line}:{column}: {}", self.file, self.message)?;
        let number = line.to_string();
        let source = place.source.trim_end();
        if source.is_empty() {
            return Ok(());
        }
        let indent = number.len();
        write!(f, "\n {number} | {source}")?;
        if column <= SHOWN {
            let under = "^".repeat(place.text.chars().count().max(1));
            // Tabs stay, so that the mark stands under what it means.
            let before = place.source.chars().take(column - 1);
            let before: String = before
                .map(|character| if character == '\t' { '\t' } else { ' ' })
                .collect();
            write!(f, "\n {:indent$} | {before}{under}", "")?;
        }
        Ok(())
    }
}
