//! Writes the template of a function that files can start.
//!
//! ```text
//! impl IntoTemplate for feed {
//!     fn template() -> Template {
//!         template(
//!             "feed",
//!             "Mirrors the feed.",
//!             &[("shutdown", "10s")],
//!             vec![argument::<String>("url", "String", Describe::<String>::new().description())],
//!             |arguments| {
//!                 let url = take::<String>(arguments, "url", "String");
//!                 Some(feed::spec(url?))
//!             },
//!         )
//!     }
//! }
//! ```
//!
//! Every argument is read before the first that failed is given up for, so that all mistakes are
//! found at once.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Expr, Lit, Meta};

use super::attributes;
use super::library::Library;
use crate::function::{Form, Function, Parameter, hides_primitive, unused};
use crate::setting::Settings;

/// The `impl`, if the function is to be a template.
pub(crate) fn expand(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    library: &Library,
) -> TokenStream {
    if settings.on("template").is_none() {
        return TokenStream::new();
    }
    let name = function.name();
    let read: Vec<(String, &proc_macro2::Ident, &syn::Type)> = parameters
        .iter()
        .filter_map(|Parameter { name, form }| match form {
            Form::Cloned(value) | Form::Shared(value) => {
                Some((name.unraw().to_string(), name, value))
            }
            Form::Context | Form::Lent(_) | Form::Unusable => None,
        })
        .collect();
    let given = unused(
        proc_macro2::Ident::new("arguments", proc_macro2::Span::mixed_site()),
        parameters,
    );
    let arguments = read.iter().map(|(label, _, value)| {
        let type_name = text(value);
        quote! {
            #library::argument::<#value>(
                #label,
                #type_name,
                (&#library::Describe::<#value>::new()).description(),
            )
        }
    });
    let takes = read.iter().map(|(label, name, value)| {
        let type_name = text(value);
        quote!(let #name = #library::take::<#value>(#given, #label, #type_name);)
    });
    let names = read.iter().map(|(_, name, _)| name);
    let label = name.unraw().to_string();
    let (doc, written) = (documentation(function), written(settings));
    let unused_traits = (!read.is_empty()).then(|| {
        quote! {
            #[allow(unused_imports)]
            use #library::{HasSchema as _, MayHaveSchema as _};
        }
    });
    let given_pattern = if read.is_empty() {
        quote!(_)
    } else {
        quote!(#given)
    };
    let body = quote! {
        #unused_traits
        #library::template(
            #label,
            #doc,
            &[#(#written),*],
            ::std::vec![#(#arguments),*],
            |#given_pattern| {
                #(#takes)*
                ::core::option::Option::Some(<#name>::spec(#(#names?),*))
            },
        )
    };
    implement(function, library, &body)
}

/// Stands beside the errors, so that a list of templates elsewhere is not one more.
pub(super) fn fallback(function: &Function, settings: &Settings, library: &Library) -> TokenStream {
    let stands_alone = function.signature.receiver().is_none() && !hides_primitive(function);
    if settings.on("template").is_none() || !stands_alone {
        return TokenStream::new();
    }
    implement(function, library, &quote!(::core::unreachable!()))
}

fn implement(function: &Function, library: &Library, body: &TokenStream) -> TokenStream {
    let name = function.name();
    let conditions = attributes::conditions(&function.attributes);
    quote! {
        #conditions
        #[automatically_derived]
        #[allow(deprecated, clippy::all, clippy::nursery, clippy::pedantic)]
        impl #library::IntoTemplate for #name {
            fn template() -> #library::Template {
                #body
            }
        }
    }
}

/// A type as it is written, without the spaces that tokens have between them.
fn text(value: &impl quote::ToTokens) -> String {
    let text = value.to_token_stream().to_string();
    let mut short = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let joins = |c: char| !(c.is_alphanumeric() || c == '_');
        let before = short.chars().last();
        let after = characters.peek().copied();
        let between_words = character == ' '
            && !(before.is_none_or(joins) || after.is_none_or(joins))
            || character == ' ' && matches!(before, Some(',' | ';'));
        if character != ' ' || between_words {
            short.push(character);
        }
    }
    short
}

/// The lines of documentation on the function.
fn documentation(function: &Function) -> String {
    let lines = function.attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(doc) = &attribute.meta else {
            return None;
        };
        match &doc.value {
            Expr::Lit(literal) if doc.path.is_ident("doc") => match &literal.lit {
                Lit::Str(text) => {
                    let text = text.value();
                    Some(text.strip_prefix(' ').unwrap_or(&text).to_owned())
                }
                _ => None,
            },
            _ => None,
        }
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim().to_owned()
}

/// The settings of the function, as they are written.
fn written(settings: &Settings) -> impl Iterator<Item = TokenStream> {
    settings
        .list
        .iter()
        .filter(|setting| !matches!(setting.row.key, "crate" | "template" | "blocking"))
        .map(|setting| {
            let key = setting.row.key;
            let written = setting.written.to_string();
            let value = match written.as_str() {
                "" => "true",
                text => text.trim_matches('"'),
            };
            quote!((#key, #value))
        })
}
