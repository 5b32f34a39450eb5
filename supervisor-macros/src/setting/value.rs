//! Reads the value of a setting.
//!
//! Words, durations and rates are strings; anything else is a Rust expression. What is neither,
//! but plainly was meant as one of the first, gets an error that shows the string.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use rust_supervisor_settings::value::{Kind, Text};
use rust_supervisor_settings::{table, tag};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Result, UnOp};

use super::{Name, Value};

/// Reads what stands after `key =`, with the tokens it was written in.
pub(super) fn read(
    input: ParseStream<'_>,
    row: &'static table::Setting,
) -> Result<(Value, TokenStream)> {
    let expression: Expr = input.parse()?;
    let written = expression.to_token_stream();
    let value = match row.kind {
        Kind::Text(text) => read_text(expression, row, text),
        Kind::Flag | Kind::Switch => read_flag(expression, row),
        Kind::Count | Kind::Limit => read_number(expression, row),
        Kind::Names => read_names(&expression, row),
        Kind::Path => read_path(&expression, row),
        Kind::Words => read_words(expression, row),
    }?;
    Ok((value, written))
}

/// Reads a key without a value.
pub(super) fn bare(row: &'static table::Setting, key: &Ident) -> Result<Value> {
    match row.kind {
        Kind::Flag | Kind::Limit | Kind::Switch => Ok(Value::Flag(true)),
        Kind::Count | Kind::Names | Kind::Path | Kind::Text(_) | Kind::Words => {
            Err(missing(row, key))
        }
    }
}

/// The error for a key without the value that it needs.
pub(super) fn missing(row: &'static table::Setting, key: &Ident) -> Error {
    let message = format!("`{}` needs a value\nwrite `{}`", row.key, example(row));
    Error::new(key.span(), message)
}

/// A setting as it might be written.
pub(super) fn example(row: &'static table::Setting) -> String {
    let key = row.key;
    match row.kind {
        Kind::Count | Kind::Limit => format!("{key} = 1_000"),
        Kind::Flag | Kind::Switch => format!("{key} = true"),
        Kind::Names => format!("{key} = [feed]"),
        Kind::Path => format!(r#"{key} = "::my_supervisor""#),
        Kind::Text(text) => format!(r#"{key} = "{}""#, text.example()),
        Kind::Words => format!(r#"{key} = ["billing"]"#),
    }
}

/// A message with a second line that shows the setting, unless it has a second line already.
fn with_example(message: String, row: &'static table::Setting) -> String {
    if message.contains('\n') {
        message
    } else {
        format!("{message}\nwrite it as in `{}`", example(row))
    }
}

fn read_text(expression: Expr, row: &'static table::Setting, text: Text) -> Result<Value> {
    let expression = ungrouped(expression);
    if let Expr::Lit(ExprLit {
        lit: Lit::Str(string),
        ..
    }) = &expression
    {
        return match text.read(&string.value()) {
            Ok(value) => Ok(Value::Text(value)),
            Err(error) => {
                let error = with_example(error.to_string(), row);
                Err(Error::new(string.span(), error))
            }
        };
    }
    if let Some(meant) = unquoted(&expression, text) {
        // If it cannot be read either, that is the greater mistake.
        let message = text.read(&meant).map_or_else(
            |error| with_example(error.to_string(), row),
            |_| {
                format!(
                    "the {} is written as a string\nwrite `{} = \"{meant}\"`",
                    text.noun(),
                    row.key
                )
            },
        );
        return Err(Error::new_spanned(&expression, message));
    }
    if let Expr::Lit(literal) = &expression {
        let message = format!(
            "`{}` is a string or an expression\nwrite `{}`",
            row.key,
            example(row)
        );
        return Err(Error::new_spanned(literal, message));
    }
    Ok(Value::Expression(Box::new(expression)))
}

fn read_flag(expression: Expr, row: &'static table::Setting) -> Result<Value> {
    let key = row.key;
    match ungrouped(expression) {
        Expr::Lit(ExprLit {
            lit: Lit::Bool(on), ..
        }) => Ok(Value::Flag(on.value)),
        other if row.kind == Kind::Switch => {
            let message = format!(
                "whether a function is `{key}` must be known when it is compiled\n\
                 write `{key}`, or leave it out"
            );
            Err(Error::new_spanned(other, message))
        }
        Expr::Lit(literal) => {
            let message =
                format!("`{key}` is either `true` or `false`\nwrite `{key}` or `{key} = false`");
            Err(Error::new_spanned(literal, message))
        }
        other => Ok(Value::Expression(Box::new(other))),
    }
}

fn read_number(expression: Expr, row: &'static table::Setting) -> Result<Value> {
    let expression = ungrouped(expression);
    match &expression {
        Expr::Lit(ExprLit {
            lit: Lit::Int(_), ..
        }) => Ok(Value::Number(Box::new(expression))),
        Expr::Lit(ExprLit {
            lit: Lit::Bool(on), ..
        }) if row.kind == Kind::Limit => Ok(Value::Flag(on.value)),
        Expr::Lit(literal) => {
            let noun = if row.kind == Kind::Limit {
                "flag or a whole number"
            } else {
                "whole number"
            };
            let message = format!("`{}` is a {noun}\nwrite `{}`", row.key, example(row));
            Err(Error::new_spanned(literal, message))
        }
        _ => Ok(Value::Expression(Box::new(expression))),
    }
}

fn read_names(expression: &Expr, row: &'static table::Setting) -> Result<Value> {
    let Expr::Array(list) = expression else {
        let message = format!(
            "`{}` is a list of siblings\nwrite `{}`",
            row.key,
            example(row)
        );
        return Err(Error::new_spanned(expression, message));
    };
    let mut names: Vec<Name> = Vec::new();
    let mut errors: Option<Error> = None;
    for element in &list.elems {
        let name = name(element).and_then(|name| {
            let twice = names.iter().any(|earlier| earlier.text == name.text);
            let twice = twice.then(|| stands_twice(name.span, &name.text, row));
            twice.map_or(Ok(name), Err)
        });
        match name {
            Ok(name) => names.push(name),
            Err(error) => match &mut errors {
                Some(errors) => errors.combine(error),
                None => errors = Some(error),
            },
        }
    }
    errors.map_or(Ok(Value::Names(names)), Err)
}

/// A name in a list: an identifier, or a string where the name is none.
fn name(element: &Expr) -> Result<Name> {
    let name = match element {
        Expr::Path(path) => path.path.get_ident().map(Name::from_ident),
        Expr::Lit(ExprLit {
            lit: Lit::Str(string),
            ..
        }) => Some(Name {
            text: string.value(),
            span: string.span(),
        }),
        _ => None,
    };
    let name = name.ok_or_else(|| {
        Error::new_spanned(
            element,
            "expected the name of a child of the same supervisor\n\
             write it without arguments: `after = [feed]`",
        )
    })?;
    name.check()?;
    Ok(name)
}

/// A list of strings; one that holds anything else is an expression like any other.
fn read_words(expression: Expr, row: &'static table::Setting) -> Result<Value> {
    let expression = ungrouped(expression);
    let list = match &expression {
        Expr::Lit(literal) => return Err(not_strings(literal, row)),
        Expr::Array(list) => list,
        _ => return Ok(Value::Expression(Box::new(expression))),
    };
    let mut words: Vec<LitStr> = Vec::new();
    for element in &list.elems {
        match element {
            Expr::Lit(ExprLit {
                lit: Lit::Str(string),
                ..
            }) => words.push(string.clone()),
            Expr::Lit(literal) => return Err(not_strings(literal, row)),
            _ => return Ok(Value::Expression(Box::new(expression))),
        }
    }
    let mut errors = Vec::new();
    for (position, word) in words.iter().enumerate() {
        let text = word.value();
        if words[..position]
            .iter()
            .any(|earlier| earlier.value() == text)
        {
            errors.push(stands_twice(word.span(), &text, row));
        } else if let Err(error) = tag::check(&text) {
            let error = with_example(error.to_string(), row);
            errors.push(Error::new(word.span(), error));
        }
    }
    let all = errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    });
    all.map_or_else(
        || Ok(Value::Words(words.iter().map(LitStr::value).collect())),
        Err,
    )
}

fn stands_twice(span: Span, text: &str, row: &'static table::Setting) -> Error {
    let message = format!(
        "`{text}` stands in `{}` twice\nremove one of the two",
        row.key
    );
    Error::new(span, message)
}

fn not_strings(literal: &ExprLit, row: &'static table::Setting) -> Error {
    let message = format!(
        "`{}` is a list of strings\nwrite `{}`",
        row.key,
        example(row)
    );
    Error::new_spanned(literal, message)
}

fn read_path(expression: &Expr, row: &'static table::Setting) -> Result<Value> {
    let Expr::Lit(ExprLit {
        lit: Lit::Str(string),
        ..
    }) = expression
    else {
        let message = format!("a path is written as a string\nwrite `{}`", example(row));
        return Err(Error::new_spanned(expression, message));
    };
    // Parsed from the text and not from the literal: the path is repeated all over the expansion,
    // where no identifier may point into the user's code.
    let path = Path::parse_mod_style
        .parse_str(&string.value())
        .map_err(|_| {
            let message = format!("`{}` is not a path", string.value());
            Error::new(string.span(), with_example(message, row))
        })?;
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    if path.leading_colon.is_none() && first.as_deref() != Some("crate") {
        let message = format!(
            "`{}` would mean something else in every module\n\
             begin the path with `::` or `crate::`",
            string.value()
        );
        return Err(Error::new(string.span(), message));
    }
    Ok(Value::Path(path))
}

/// The text of an expression that was meant as a string: a word, or nothing but literals and the
/// punctuation of ranges and rates.
fn unquoted(expression: &Expr, text: Text) -> Option<String> {
    match expression {
        Expr::Path(path) => {
            let word = path.path.get_ident()?.unraw().to_string();
            // Only the words themselves: a name that is merely near to one may be a variable.
            text.read(&word).is_ok().then_some(word)
        }
        _ => literals(expression),
    }
}

fn literals(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Binary(binary) => {
            let (left, right) = (literals(&binary.left)?, literals(&binary.right)?);
            Some(format!("{left}{}{right}", binary.op.to_token_stream()))
        }
        Expr::Lit(ExprLit {
            lit: lit @ (Lit::Int(_) | Lit::Float(_)),
            ..
        }) => Some(lit.to_token_stream().to_string()),
        Expr::Lit(ExprLit {
            lit: Lit::Verbatim(literal),
            ..
        }) => Some(literal.to_string()),
        Expr::Range(range) => {
            let bound = |bound: &Option<Box<Expr>>| match bound {
                Some(bound) => literals(bound),
                None => Some(String::new()),
            };
            Some(format!("{}..{}", bound(&range.start)?, bound(&range.end)?))
        }
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => {
            Some(format!("-{}", literals(&unary.expr)?))
        }
        _ => None,
    }
}

/// An expression without the invisible group that a `macro_rules!` variable leaves around it.
fn ungrouped(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungrouped(*group.expr),
        other => other,
    }
}
