//! Reads settings between commas, and goes on after a mistake.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use rust_supervisor_settings::table::{self, Place};
use rust_supervisor_settings::value::Kind;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Error, Ident, Result, Token};

use super::{Setting, Settings, Value, value};
use crate::diagnostics::Diagnostics;

/// Reads all of `input` as settings of one place.
pub(crate) fn list(
    input: ParseStream<'_>,
    place: Place,
    diagnostics: &mut Diagnostics,
) -> Settings {
    let mut settings = Settings::default();
    while !input.is_empty() {
        let cfg = match place {
            // An attribute is made conditional as a whole, by `#[cfg_attr(..)]`.
            Place::Function => Vec::new(),
            Place::Child | Place::Nested | Place::Root => conditions(input, diagnostics),
        };
        if input.peek(Ident::peek_any) {
            one(input, place, cfg, &mut settings, diagnostics);
        } else {
            diagnostics.report(input.error(format_args!(
                "expected a setting\nwrite `key = value`, such as `{}`",
                value::example(first(place))
            )));
            skip_to_comma(input);
        }
        comma(input, diagnostics);
    }
    settings
}

/// Reads one setting, up to the next comma.
pub(crate) fn one(
    input: ParseStream<'_>,
    place: Place,
    cfg: Vec<Attribute>,
    settings: &mut Settings,
    diagnostics: &mut Diagnostics,
) {
    let read = (|| {
        let key = input.call(Ident::parse_any)?;
        let row = table::find(place, &key.to_string())
            .map_err(|error| Error::new(key.span(), hint(&error, &key)))?;
        if settings.repeats(&key, !cfg.is_empty()) {
            diagnostics.at(
                &key,
                format_args!("`{key}` is set twice\nremove one of the two"),
            );
        }
        let (value, written) = assigned(input, row, &key)?;
        Ok(Setting {
            row,
            key,
            value,
            written,
            cfg,
        })
    })();
    match diagnostics.attempt(read) {
        Some(setting) => settings.list.push(setting),
        None => skip_to_comma(input),
    }
}

/// Reads the attributes of anything in a tree: it may be conditional, and it may be commented on.
pub(crate) fn conditions(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Vec<Attribute> {
    let mut attributes = diagnostics
        .attempt(input.call(Attribute::parse_outer))
        .unwrap_or_default();
    attributes.retain(|attribute| {
        let is_condition = attribute.path().is_ident("cfg");
        if !is_condition && !attribute.path().is_ident("doc") {
            diagnostics.at(
                attribute,
                "only `#[cfg(..)]` can stand on an entry of a tree\n\
                 write other attributes on the function",
            );
        }
        is_condition
    });
    attributes
}

/// Expects a comma or the end.
pub(crate) fn comma(input: ParseStream<'_>, diagnostics: &mut Diagnostics) {
    if input.is_empty()
        || input
            .parse::<Option<Token![,]>>()
            .is_ok_and(|comma| comma.is_some())
    {
        return;
    }
    diagnostics.report(input.error("expected `,`\nseparate settings and children by commas"));
    // What looks like the next setting is read as one; anything else would only be misread.
    if !(input.peek(Ident::peek_any) && input.peek2(Token![=])) {
        skip_to_comma(input);
        let _ = input.parse::<Option<Token![,]>>();
    }
}

/// Goes on to the next comma. Whatever has commas of its own is one token.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) {
    while !input.is_empty() && !input.peek(Token![,]) {
        let _ = input.parse::<TokenTree>();
    }
}

/// Reads what follows the key.
fn assigned(
    input: ParseStream<'_>,
    row: &'static table::Setting,
    key: &Ident,
) -> Result<(Value, TokenStream)> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(value::missing(row, key));
        }
        return value::read(input, row);
    }
    if input.is_empty() || input.peek(Token![,]) {
        return value::bare(row, key).map(|value| (value, TokenStream::new()));
    }
    let found: TokenTree = input.parse()?;
    Err(Error::new_spanned(
        found.into_token_stream(),
        format_args!(
            "a setting is written with `=`\nwrite `{}`",
            value::example(row)
        ),
    ))
}

/// What the table says, and where the thing is done instead.
fn hint(error: &table::KeyError, key: &Ident) -> String {
    let instead = match error {
        table::KeyError::Misplaced { setting, .. } => where_to_write(setting),
        _ if key == "name" => {
            "the name of a child is given where it is used: `name: feed(..)`".to_owned()
        }
        _ if key == "depends_on" => {
            "dependencies are given in the tree: `feed(..) { after = [..] }`".to_owned()
        }
        _ => return error.to_string(),
    };
    format!("{error}\n{instead}")
}

/// The first of the places of a setting, as it looks there.
fn where_to_write(setting: &'static table::Setting) -> String {
    let example = value::example(setting);
    match setting.places[0] {
        Place::Function if setting.kind == Kind::Switch => {
            format!("write it on the function: `#[supervised({})]`", setting.key)
        }
        Place::Function => format!("write it on the function: `#[supervised({example})]`"),
        Place::Child => format!("write it in the braces of a child: `feed(..) {{ {example} }}`"),
        Place::Nested => format!("write it among the children: `gateway: {{ {example}, .. }}`"),
        Place::Root => format!("write it among the children: `{example}`"),
    }
}

fn first(place: Place) -> &'static table::Setting {
    table::at(place).next().unwrap_or(&table::SETTINGS[0])
}
