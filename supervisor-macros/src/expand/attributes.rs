//! Which attributes of the function also hold for what is generated beside it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};

/// Attributes that decide whether there is anything at all.
pub(crate) fn conditions(attributes: &[Attribute]) -> TokenStream {
    copied(attributes, &|meta| meta.path().is_ident("cfg"))
}

/// Those, and what is said about every use.
pub(crate) fn conditions_and_notes(attributes: &[Attribute]) -> TokenStream {
    copied(attributes, &|meta| {
        meta.path().is_ident("cfg") || meta.path().is_ident("deprecated")
    })
}

/// Whether the function is deprecated, on whatever condition.
pub(crate) fn is_deprecated(attributes: &[Attribute]) -> bool {
    let wanted: &dyn Fn(&Meta) -> bool = &|meta| meta.path().is_ident("deprecated");
    attributes
        .iter()
        .any(|attribute| only(&attribute.meta, wanted).is_some())
}

fn copied(attributes: &[Attribute], wanted: &dyn Fn(&Meta) -> bool) -> TokenStream {
    attributes
        .iter()
        .filter_map(|attribute| only(&attribute.meta, wanted))
        .map(|meta| quote!(#[#meta]))
        .collect()
}

/// What is wanted of an attribute; of a `cfg_attr`, what is wanted of those inside it.
fn only(meta: &Meta, wanted: &dyn Fn(&Meta) -> bool) -> Option<TokenStream> {
    if wanted(meta) {
        return Some(meta.to_token_stream());
    }
    let Meta::List(list) = meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let mut inside = parser.parse2(list.tokens.clone()).ok()?.into_iter();
    let condition = inside.next()?;
    let attributes: Vec<TokenStream> = inside.filter_map(|meta| only(&meta, wanted)).collect();
    (!attributes.is_empty()).then(|| quote!(cfg_attr(#condition, #(#attributes),*)))
}
