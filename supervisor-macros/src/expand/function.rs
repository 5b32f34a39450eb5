//! Writes `feed::spec(..)` beside `fn feed`.
//!
//! ```text
//! #[supervised(restart = "permanent")]
//! async fn feed(ctx: TaskContext, config: C, cache: &K, jobs: &mut J) -> Result<(), E> { .. }
//! ```
//!
//! gains
//!
//! ```text
//! enum feed {}
//! impl feed {
//!     fn spec(config: C, cache: K, jobs: J) -> ChildSpec {
//!         let config = cloned::<C>(config);
//!         let cache = shared::<K>(cache);
//!         let mut jobs = lent::<J>(jobs);
//!         borrowing_child("feed", HearsStop::Yes, move |mut driver| async move {
//!             while driver.wanted().await {
//!                 let place = pin!(None);
//!                 driver
//!                     .attempt(place, |context| async {
//!                         <Result<(), E> as IntoTaskResult>::into_task_result(
//!                             send_unless_local(feed(context, <C as Clone>::clone(&config), &cache, &mut jobs))
//!                                 .await,
//!                         )
//!                     })
//!                     .await;
//!             }
//!         })
//!         .restart(RestartPolicy::Permanent)
//!     }
//! }
//! ```
//!
//! An enum without variants lives among the types only, so it can have the function's name, and
//! imports take both along. The values live outside the loop: an attempt only borrows them, which
//! is how they survive it. Where no attempt borrows, the closure alone is the child: the loop that
//! the library has for it is smaller.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt;

use super::attempt::{self, Child, Home};
use super::library::Library;
use super::setting::setter;
use super::{attributes, lints};
use crate::function::{Function, Parameter};
use crate::setting::Settings;

/// The enum and its `spec`.
pub(crate) fn expand(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    library: &Library,
) -> TokenStream {
    let Child { kept, child } = if settings.on("blocking").is_some() {
        attempt::blocking(function, parameters, library)
    } else if settings.on("local").is_some() {
        attempt::asynchronous(function, parameters, Home::OneThread, library)
    } else {
        attempt::asynchronous(function, parameters, Home::AnyThread, library)
    };
    let setters = settings
        .list
        .iter()
        .filter_map(|setting| setter(setting, library));
    let child = if settings.on("template").is_some() {
        let name = function.name().unraw().to_string();
        quote!(#library::of_template(#child, #name))
    } else {
        child
    };
    let body = quote! {
        #kept
        #child
        #(#setters)*
    };
    carrier(function, parameters, library, &body)
}

/// The enum, and `spec` with this body.
pub(super) fn carrier(
    function: &Function,
    parameters: &[Parameter],
    library: &Library,
    body: &TokenStream,
) -> TokenStream {
    let (name, visibility) = (function.name(), &function.visibility);
    let on_enum = attributes::conditions_and_notes(&function.attributes);
    let on_impl = attributes::conditions(&function.attributes);
    let provoked = lints::of_spec(function);
    let spec = Ident::new("spec", name.span());
    let generics = &function.signature.generics;
    let where_clause = &generics.where_clause;
    let arguments = parameters.iter().filter_map(|Parameter { name, form }| {
        let handed_over = form.handed_over()?;
        Some(quote!(#name: #handed_over))
    });
    // What the lints have to say about the signature they have said about the function. `spec` can
    // be seen where the enum can, so that what is private is private once.
    quote! {
        #on_enum
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility enum #name {}

        #on_impl
        #[allow(#(#provoked,)* clippy::all, clippy::nursery, clippy::pedantic)]
        impl #name {
            /// Declares this child with what its attempts receive.
            pub fn #spec #generics (#(#arguments),*) -> #library::ChildSpec #where_clause {
                #body
            }
        }
    }
}
