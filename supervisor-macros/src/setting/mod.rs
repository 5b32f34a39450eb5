//! Settings as they are written: `key` or `key = value`.
//!
//! Which settings there are, where they may stand and what they accept is said by the table of
//! the settings crate. The attribute and the tree read them with the same code.

mod contradiction;
mod list;
mod value;

use proc_macro2::{Span, TokenStream};
use rust_supervisor_settings::value::Value as Text;
use rust_supervisor_settings::{name, table};
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Ident, Path};

pub(crate) use contradiction::contradictions;
pub(crate) use list::{comma, conditions, list, one, skip_to_comma};

/// A setting that could be read.
pub(crate) struct Setting {
    /// Its row in the table.
    pub(crate) row: &'static table::Setting,
    /// The key as it was written.
    pub(crate) key: Ident,
    /// What it is set to.
    pub(crate) value: Value,
    /// The value as it was written; empty after a bare key.
    pub(crate) written: TokenStream,
    /// The conditions under which it is compiled.
    pub(crate) cfg: Vec<Attribute>,
}

impl Setting {
    /// As it was written: `key = value`, or the bare key.
    pub(crate) fn code(&self) -> String {
        if self.written.is_empty() {
            self.row.key.to_owned()
        } else {
            format!("{} = {}", self.row.key, self.written)
        }
    }
}

/// What a setting is set to.
pub(crate) enum Value {
    /// A Rust expression; what it is worth is known at run time.
    Expression(Box<Expr>),
    /// A bare key, or a literal `true` or `false`.
    Flag(bool),
    /// A list of siblings.
    Names(Vec<Name>),
    /// A whole number.
    Number(Box<Expr>),
    /// The path of the library.
    Path(Path),
    /// A string, read by the grammar of the setting.
    Text(Text),
    /// A list of strings.
    Words(Vec<String>),
}

/// The name of a child: where it is given, or where it is referred to.
#[derive(Clone)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Name {
    /// A name that is written as an identifier, possibly a raw one.
    pub(crate) fn from_ident(ident: &Ident) -> Self {
        Self {
            text: ident.unraw().to_string(),
            span: ident.span(),
        }
    }

    /// Checks the characters.
    pub(crate) fn check(&self) -> syn::Result<()> {
        name::check(&self.text).map_err(|error| {
            let message = format!("{error}\nwrite another name: `name: feed(..)`");
            syn::Error::new(self.span, message)
        })
    }
}

/// The settings that were written in one place.
#[derive(Default)]
pub(crate) struct Settings {
    /// Those that could be read.
    pub(crate) list: Vec<Setting>,
    /// Every key that was recognized, its value readable or not, with whether it is conditional.
    keys: Vec<(String, bool)>,
}

impl Settings {
    /// Notes that a key was written, and says whether it was already there.
    ///
    /// Of two that are conditional, or one, both may not be there at once.
    fn repeats(&mut self, key: &Ident, conditional: bool) -> bool {
        let key = key.to_string();
        let repeats = self
            .keys
            .iter()
            .any(|(other, other_conditional)| *other == key && !conditional && !other_conditional);
        self.keys.push((key, conditional));
        repeats
    }

    /// Whether the key was written, whatever its value and on whatever condition.
    pub(crate) fn mentions(&self, key: &str) -> bool {
        self.keys.iter().any(|(other, _)| other == key)
    }

    /// The setting of that key, unless it is conditional.
    pub(crate) fn get(&self, key: &str) -> Option<&Setting> {
        self.list
            .iter()
            .find(|setting| setting.row.key == key && setting.cfg.is_empty())
    }

    /// The word that a key is known to be set to.
    pub(crate) fn word(&self, key: &str) -> Option<&'static str> {
        match self.get(key)?.value {
            Value::Text(Text::Word(word)) => Some(word.text),
            _ => None,
        }
    }

    /// The setting of that key, if it is known to be on.
    pub(crate) fn on(&self, key: &str) -> Option<&Setting> {
        self.get(key)
            .filter(|setting| matches!(setting.value, Value::Flag(true) | Value::Number(_)))
    }
}
