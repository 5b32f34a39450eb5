//! Writes a tree as calls of the plain API.
//!
//! ```text
//! SupervisorSpec::root(Vec::new())
//!     .strategy(Strategy::RestForOne)
//!     .child(<feed>::spec(config).named("feed").shutdown(Duration::from_secs(10)))
//!     .child(ChildSpec::supervisor("gateway", SupervisorSpec::root(Vec::new())))
//!     .children(extra)
//! ```
//!
//! Where an entry is conditional, the calls become statements, since nothing less than a statement
//! can be.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use rust_supervisor_settings::table::Place;
use syn::{Attribute, Path, PathArguments, Token};

use super::library::Library;
use super::setting::setter;
use crate::setting::{Setting, Settings};
use crate::tree::{Child, Entry, EntryKind, Tree};

/// A call on the specification, and the conditions under which it is made.
struct Call<'a> {
    cfg: &'a [Attribute],
    call: TokenStream,
}

/// The expression of type `SupervisorSpec`.
pub(crate) fn expand(tree: &Tree, library: &Library) -> TokenStream {
    let root = quote!(#library::SupervisorSpec::root(::std::vec::Vec::new()));
    let settings = setters(&tree.settings, library, is_of_supervisor);
    let entries = tree.entries.iter().map(|entry| entry_call(entry, library));
    chain(&root, settings.chain(entries).collect())
}

fn entry_call<'a>(entry: &'a Entry, library: &Library) -> Call<'a> {
    let name = entry.name.as_ref().map(|name| name.text.as_str());
    let call = match &entry.kind {
        EntryKind::Broken(path) => mention(path, library),
        EntryKind::Child(child) => {
            let child = child_spec(child, name, library);
            quote!(.child(#child))
        }
        EntryKind::Splice(spliced) => {
            if let Some(name) = name {
                quote!(.child(#library::IntoChild::into_child(#spliced, #name)))
            } else {
                quote!(.children(#spliced))
            }
        }
        EntryKind::Supervisor(tree) => {
            let (name, inner) = (name.unwrap_or_default(), expand(tree, library));
            let child = quote!(#library::ChildSpec::supervisor(#name, #inner));
            let as_child = setters(&tree.settings, library, |setting| {
                !is_of_supervisor(setting)
            });
            let child = chain(&child, as_child.collect());
            quote!(.child(#child))
        }
    };
    Call {
        cfg: &entry.cfg,
        call,
    }
}

/// `<feed>::spec(..)`, with its name and what is different for this use.
///
/// The angle brackets make it a type and nothing else, so that a path that leads to an ordinary
/// function is said to be one.
fn child_spec(child: &Child, name: Option<&str>, library: &Library) -> TokenStream {
    let Child {
        path,
        arguments,
        settings: overrides,
    } = child;
    let (path, generics) = carrier(path);
    let (first, last) = ends(&path);
    let (open, close) = (quote_spanned!(first=> <), quote_spanned!(last=> >::));
    let spec = Ident::new("spec", last);
    let child = quote!(#open #path #close #spec #generics #arguments.named(#name));
    chain(&child, setters(overrides, library, |_| true).collect())
}

/// Where a path begins and where its last name is: the compiler reports the call between the two.
fn ends(path: &Path) -> (Span, Span) {
    let last = path.segments[path.segments.len() - 1].ident.span();
    let first = path
        .leading_colon
        .map_or_else(|| path.segments[0].ident.span(), |colon| colon.spans[0]);
    (first, last)
}

/// Adds nothing, but mentions a path that is not a child yet: what is being typed can then be
/// completed, and what does not exist is said not to.
fn mention(path: &Path, library: &Library) -> TokenStream {
    let (path, _) = carrier(path);
    quote! {
        .children({
            let _ = ::core::marker::PhantomData::<#path>;
            ::core::option::Option::None::<#library::ChildSpec>
        })
    }
}

/// The settings of one kind, as calls.
fn setters<'a>(
    settings: &'a Settings,
    library: &'a Library,
    wanted: impl Fn(&Setting) -> bool + 'a,
) -> impl Iterator<Item = Call<'a>> {
    settings
        .list
        .iter()
        .filter(move |setting| wanted(setting))
        .filter_map(|setting| {
            let call = setter(setting, library)?;
            Some(Call {
                cfg: &setting.cfg,
                call,
            })
        })
}

/// Whether a setting in the braces of a supervisor says how it treats its children, rather than
/// how it is treated as a child.
fn is_of_supervisor(setting: &Setting) -> bool {
    setting.row.places.contains(&Place::Root)
}

/// Calls one after the other on `value`.
fn chain(value: &TokenStream, calls: Vec<Call<'_>>) -> TokenStream {
    if calls.iter().all(|call| call.cfg.is_empty()) {
        let calls = calls.into_iter().map(|call| call.call);
        return quote!(#value #(#calls)*);
    }
    let spec = format_ident!("spec", span = Span::mixed_site());
    let statements = calls
        .into_iter()
        .map(|Call { cfg, call }| quote!(#(#cfg)* let #spec = #spec #call;));
    quote!({
        let #spec = #value;
        #(#statements)*
        #spec
    })
}

/// The path of the enum, which is not generic, and the arguments for `spec`, which is.
fn carrier(path: &Path) -> (Path, Option<TokenStream>) {
    let mut path = path.clone();
    let last = path.segments.len() - 1;
    let arguments = std::mem::replace(&mut path.segments[last].arguments, PathArguments::None);
    let generics = match arguments {
        PathArguments::AngleBracketed(mut generics) => {
            generics.colon2_token = Some(<Token![::]>::default());
            Some(quote!(#generics))
        }
        PathArguments::None | PathArguments::Parenthesized(_) => None,
    };
    (path, generics)
}
