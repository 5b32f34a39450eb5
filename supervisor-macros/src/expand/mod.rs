//! From what the user wrote to what the compiler sees: parse, validate, expand, and fall back
//! where there was a mistake.
//!
//! # Positions
//!
//! An editor resolves every identifier that has a position in the user's code, so the expansion
//! keeps these rules:
//!
//! 1. Identifiers and paths of our own have the position of the macro call.
//! 2. Where the compiler is to report an expression at the user's code, its punctuation and its
//!    parentheses have that position.
//! 3. Bounds stand on the user's own type tokens, which is where the compiler then points.
//! 4. One identifier is meant to be found: `spec` has the position of the function's name where
//!    it is defined, and of the child's path where it is used.

mod attempt;
mod attributes;
mod documentation;
mod fallback;
mod function;
mod library;
mod lints;
mod setting;
mod template;
mod tree;

use proc_macro2::TokenStream;
use quote::quote;
use rust_supervisor_settings::table::Place;
use syn::parse::{ParseStream, Parser};

use crate::diagnostics::Diagnostics;
use crate::setting::{Settings, list};
use crate::{function as item, tree as entries};
use library::Library;

/// Expands `#[supervised(..)]`.
pub(crate) fn supervised(arguments: TokenStream, item: &TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let settings = settings(arguments, &mut diagnostics);
    let function = match item::parse(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            diagnostics.report(error);
            let errors = diagnostics.into_tokens();
            return quote!(#item #errors);
        }
    };
    let parameters = item::parameters(&function.signature, &mut diagnostics);
    item::validate(&function, &parameters, &settings, &mut diagnostics);
    item::validate_template(&function, &parameters, &settings, &mut diagnostics);
    let library = Library::new(&settings);

    // The user's function comes first and whole, whatever else is wrong: editors take the first
    // thing that has its position, and a mistake in a setting must not take it from its callers.
    if diagnostics.is_empty() {
        let documented = documentation::append(&function, &settings);
        let spec = function::expand(&function, &parameters, &settings, &library);
        let template = template::expand(&function, &parameters, &settings, &library);
        quote!(#documented #spec #template)
    } else {
        let untouched = documentation::untouched(&function);
        let errors = diagnostics.into_tokens();
        let spec = fallback::expand(&function, &parameters, &settings, &library, &errors);
        quote!(#untouched #spec)
    }
}

/// Expands `supervisor_tree! { .. }`.
pub(crate) fn supervisor_tree(input: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::default();
    let tree = entries::parse(input, &mut diagnostics);
    entries::validate(&tree, &mut diagnostics);
    let spec = tree::expand(&tree, &Library::new(&tree.settings));
    if diagnostics.is_empty() {
        return spec;
    }
    // The tree beside the errors keeps its type, and whatever is typed inside it can be completed.
    let errors = diagnostics.into_tokens();
    quote!({ #errors #spec })
}

fn settings(arguments: TokenStream, diagnostics: &mut Diagnostics) -> Settings {
    let parser = |input: ParseStream<'_>| Ok(list(input, Place::Function, diagnostics));
    let parsed = parser.parse2(arguments);
    diagnostics.attempt(parsed).unwrap_or_default()
}
