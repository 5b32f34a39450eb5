//! Appends the settings of a function to its own documentation.
//!
//! What is generated beside the function is hidden, so that links to it stay unambiguous; this is
//! where its readers learn how it is supervised.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Meta;

use super::lints;
use crate::function::Function;
use crate::setting::{Setting, Settings};

/// The function, its documentation continued by its settings.
pub(crate) fn append(function: &Function, settings: &Settings) -> TokenStream {
    // A function without documentation is left without: any line of ours would silence the lint
    // that misses it.
    let documented = function.attributes.iter().any(
        |attribute| matches!(&attribute.meta, Meta::NameValue(doc) if doc.path.is_ident("doc")),
    );
    let lines = if documented {
        lines(settings)
    } else {
        Vec::new()
    };
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let unwanted = lints::of_function(function, settings);
    let allowed = (!unwanted.is_empty()).then(|| quote!(#[allow(#(#unwanted),*)]));
    // Before those of the user, who may expect one of these lints.
    quote! {
        #allowed
        #(#attributes)*
        #(#[doc = #lines])*
        #visibility #signature #body
    }
}

/// The function as it was written.
pub(crate) fn untouched(function: &Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    quote!(#(#attributes)* #visibility #signature #body)
}

fn lines(settings: &Settings) -> Vec<String> {
    let heading = ["", " # Supervision", ""].map(str::to_owned);
    let settings: Vec<String> = settings
        .list
        .iter()
        .filter(|setting| setting.row.key != "crate")
        .map(|setting| format!(" - {}: {}", code(setting), setting.row.doc))
        .collect();
    if settings.is_empty() {
        return heading
            .into_iter()
            .chain([" With the default settings.".to_owned()])
            .collect();
    }
    heading.into_iter().chain(settings).collect()
}

/// The setting as it was written, as code.
fn code(setting: &Setting) -> String {
    let written = setting.code();
    // A key says enough where the value would end the code early or break the list.
    if written.contains(['`', '\n']) {
        format!("`{}`", setting.row.key)
    } else {
        format!("`{written}`")
    }
}
