//! Parses a tree, and goes on with the next entry after a mistake.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use rust_supervisor_settings::table::{self, Place};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, ExprPath, Ident, Lit, LitStr, Path, Result, Token, token};

use super::{Child, Entry, EntryKind, Tree, written};
use crate::diagnostics::Diagnostics;
use crate::setting::{Name, Settings, comma, conditions, list, one, skip_to_comma};

/// Parses what stands between the braces of the macro.
pub(crate) fn parse(input: TokenStream, diagnostics: &mut Diagnostics) -> Tree {
    let parser = |input: ParseStream<'_>| Ok(tree(input, Place::Root, diagnostics));
    let parsed = parser.parse2(input);
    diagnostics.attempt(parsed).unwrap_or_default()
}

fn tree(input: ParseStream<'_>, place: Place, diagnostics: &mut Diagnostics) -> Tree {
    let mut tree = Tree::default();
    while !input.is_empty() {
        let cfg = conditions(input, diagnostics);
        if is_setting(input, place) {
            one(input, place, cfg, &mut tree.settings, diagnostics);
        } else {
            let entry = entry(input, diagnostics);
            match diagnostics.attempt(entry) {
                Some((name, kind)) => tree.entries.push(Entry { cfg, name, kind }),
                None => skip_to_comma(input),
            }
        }
        comma(input, diagnostics);
    }
    tree
}

/// Whether `key =` comes next, or the bare key of a setting.
fn is_setting(input: ParseStream<'_>, place: Place) -> bool {
    let ahead = input.fork();
    let Ok(key) = ahead.call(Ident::parse_any) else {
        return false;
    };
    if ahead.peek(Token![=]) {
        return !ahead.peek(Token![==]) && !ahead.peek(Token![=>]);
    }
    is_at_end(&ahead) && table::find(place, &key.to_string()).is_ok()
}

/// Reads anything but a setting.
fn entry(
    input: ParseStream<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<(Option<Name>, EntryKind)> {
    let name = label(input)?;
    if let Some(name) = &name {
        diagnostics.attempt(name.check());
    }
    if input.peek(Token![..]) {
        return Ok((name, EntryKind::Splice(spliced(input)?)));
    }
    if input.peek(token::Brace) {
        if name.is_none() {
            diagnostics
                .report(input.error("a nested supervisor needs a name\nwrite `gateway: { .. }`"));
        }
        return Ok((name, EntryKind::Supervisor(nested(input, diagnostics)?)));
    }
    if begins_statement(input) {
        return Err(input.error(
            "a tree has no statements\n\
             write it before the tree, and splice the children that it makes: `..children`",
        ));
    }
    if !input.peek(Ident::peek_any) && !input.peek(Token![::]) {
        return Err(not_an_entry(input, name.as_ref()));
    }
    let path = path(input)?;
    let is_labelled = name.is_some();
    let name =
        name.unwrap_or_else(|| Name::from_ident(&path.segments[path.segments.len() - 1].ident));
    if !is_labelled {
        diagnostics.attempt(name.check());
        if forgot_colon(input, &path) {
            let message = format!(
                "a nested supervisor needs a colon\nwrite `{}: {{ .. }}`",
                name.text
            );
            diagnostics.at(&path, message);
            return Ok((
                Some(name),
                EntryKind::Supervisor(nested(input, diagnostics)?),
            ));
        }
    }
    Ok((Some(name), child(input, path, diagnostics)?))
}

/// Reads `name:`, the name an identifier, or a string where it is none.
fn label(input: ParseStream<'_>) -> Result<Option<Name>> {
    let is_labelled = input.peek2(Token![:]) && !input.peek2(Token![::]);
    let name = if is_labelled && input.peek(Ident) {
        Name::from_ident(&input.parse()?)
    } else if is_labelled && input.peek(LitStr) {
        let string: LitStr = input.parse()?;
        Name {
            text: string.value(),
            span: string.span(),
        }
    } else {
        return Ok(None);
    };
    input.parse::<Token![:]>()?;
    Ok(Some(name))
}

/// Reads `..expr`. An expression that is unfinished is left to the compiler, which says what is
/// wrong with it, while an editor can complete it.
fn spliced(input: ParseStream<'_>) -> Result<TokenStream> {
    input.parse::<Token![..]>()?;
    if is_at_end(input) {
        return Err(input.error("expected an expression after `..`\nwrite `..extra_children`"));
    }
    let ahead = input.fork();
    if ahead.parse::<Expr>().is_ok() && is_at_end(&ahead) {
        return Ok(input.parse::<Expr>()?.into_token_stream());
    }
    let mut tokens = TokenStream::new();
    while !is_at_end(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

fn nested(input: ParseStream<'_>, diagnostics: &mut Diagnostics) -> Result<Tree> {
    let content;
    syn::braced!(content in input);
    Ok(tree(&content, Place::Nested, diagnostics))
}

fn path(input: ParseStream<'_>) -> Result<Path> {
    let begin = input.fork();
    let ExprPath { qself, path, .. } = input.parse()?;
    if qself.is_some() {
        return Err(begin.error(
            "expected the path of a supervised function\nwrite `feed(..)` or `risk::run(..)`",
        ));
    }
    if input.peek(Token![!]) {
        return Err(input.error(
            "expected the path of a supervised function, found a macro\n\
             splice what the macro makes: `..feed!()`",
        ));
    }
    Ok(path)
}

/// Reads the arguments of a child and what is different for this use of it.
fn child(input: ParseStream<'_>, path: Path, diagnostics: &mut Diagnostics) -> Result<EntryKind> {
    let arguments: Option<Group> = if input.peek(token::Paren) {
        Some(input.parse()?)
    } else {
        None
    };
    if arguments.is_none() {
        let path_written = written(&path);
        let message =
            format!("expected the arguments of `{path_written}`\nwrite `{path_written}(..)`");
        diagnostics.at(&path, message);
    } else if input.peek(Token![.]) && !input.peek(Token![..]) {
        diagnostics.report(input.error(
            "what is different for this use is written in braces\n\
                 write `feed(..) { .. }`, and the name before it: `name: feed(..)`",
        ));
        skip_to_comma(input);
    }
    let mut settings = Settings::default();
    if input.peek(token::Brace) {
        let content;
        syn::braced!(content in input);
        settings = list(&content, Place::Child, diagnostics);
    }
    Ok(match arguments {
        Some(arguments) => EntryKind::Child(Child {
            path,
            arguments,
            settings,
        }),
        None => EntryKind::Broken(path),
    })
}

/// Whether `gateway { .. }` comes next and holds anything but the settings of a child.
fn forgot_colon(input: ParseStream<'_>, path: &Path) -> bool {
    fn holds_tree(input: ParseStream<'_>) -> Result<bool> {
        let content;
        syn::braced!(content in input);
        Ok(!content.is_empty() && !is_setting(&content, Place::Child))
    }
    path.get_ident().is_some() && holds_tree(&input.fork()).unwrap_or(false)
}

/// Whether a keyword comes next that begins a statement.
fn begins_statement(input: ParseStream<'_>) -> bool {
    input.peek(Token![if])
        || input.peek(Token![for])
        || input.peek(Token![let])
        || input.peek(Token![loop])
        || input.peek(Token![match])
        || input.peek(Token![while])
}

fn is_at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

/// The error where none of the productions fits.
fn not_an_entry(input: ParseStream<'_>, name: Option<&Name>) -> Error {
    match name {
        Some(name) if input.peek(Lit) && table::find(Place::Nested, &name.text).is_ok() => input
            .error(format_args!(
                "a setting is written with `=`\nwrite `{} = ..`",
                name.text
            )),
        _ => input.error(
            "expected a child, a nested supervisor, children from elsewhere, or a setting\n\
             write `feed(..)`, `name: { .. }`, `..expr` or `key = value`",
        ),
    }
}
