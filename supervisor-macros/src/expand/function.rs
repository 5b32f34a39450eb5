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
//!         child("feed", HearsStop::Yes, move |mut driver| async move {
//!             while let Some(context) = driver.next().await {
//!                 let place = pin!(None);
//!                 driver
//!                     .attempt(place, || async {
//!                         <Result<(), E> as IntoTaskResult>::into_task_result(
//!                             sendable(feed(context, <C as Clone>::clone(&config), &cache, &mut jobs))
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
//! is how they survive it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{GenericParam, ReturnType, Type};

use super::attributes;
use super::library::Library;
use super::setting::setter;
use crate::function::{Form, Function, Parameter, hears_stop, is_anonymous};
use crate::setting::Settings;

/// The enum and its `spec`.
pub(crate) fn expand(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    library: &Library,
) -> TokenStream {
    let bindings = parameters
        .iter()
        .filter_map(|parameter| binding(parameter, library));
    let child = if settings.on("blocking").is_some() {
        blocking(function, parameters, library)
    } else {
        asynchronous(function, parameters, library)
    };
    let setters = settings
        .list
        .iter()
        .filter_map(|setting| setter(setting, library));
    let body = quote! {
        #(#bindings)*
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
    let spec = Ident::new("spec", name.span());
    let generics = &function.signature.generics;
    let where_clause = &generics.where_clause;
    let arguments = parameters.iter().filter_map(|Parameter { name, form }| {
        let handed_over = form.handed_over()?;
        Some(quote!(#name: #handed_over))
    });
    // What the lints have to say about the signature they have said about the function.
    quote! {
        #on_enum
        #[doc(hidden)]
        #[allow(non_camel_case_types)]
        #visibility enum #name {}

        #on_impl
        #[automatically_derived]
        #[allow(
            deprecated,
            unreachable_code,
            unused_lifetimes,
            clippy::all,
            clippy::nursery,
            clippy::pedantic
        )]
        impl #name {
            /// Declares this child with what its attempts receive.
            #visibility fn #spec #generics (#(#arguments),*) -> #library::ChildSpec #where_clause {
                #body
            }
        }
    }
}

/// Takes a value in, with the bound that its form asks for on the type that the user wrote.
fn binding(Parameter { name, form }: &Parameter, library: &Library) -> Option<TokenStream> {
    let (mutability, keep, value) = match form {
        Form::Cloned(value) => (None, quote!(cloned), value),
        Form::Lent(value) => (Some(quote!(mut)), quote!(lent), value),
        Form::Shared(value) => (None, quote!(shared), value),
        Form::Context | Form::Unusable => return None,
    };
    let turbofish = (!is_anonymous(value)).then(|| quote!(::<#value>));
    Some(quote!(let #mutability #name = #library::#keep #turbofish (#name);))
}

fn asynchronous(function: &Function, parameters: &[Parameter], library: &Library) -> TokenStream {
    let [driver, context, place] =
        ["driver", "context", "place"].map(|name| local(name, parameters));
    let arguments = parameters
        .iter()
        .map(|Parameter { name, form }| match form {
            Form::Cloned(value) => again(value, &quote!(#name)),
            Form::Context => context.to_token_stream(),
            Form::Lent(_) => quote!(&mut #name),
            Form::Shared(_) | Form::Unusable => quote!(&#name),
        });
    let call = call(function, arguments);
    // The bound stands on the user's type and nowhere else, so that a result that is no outcome is
    // one error, at that type: what the driver sees has the library's.
    let outcome = outcome(function).map_or_else(
        || quote!(#library::IntoTaskResult),
        |outcome| quote!(<#outcome as #library::IntoTaskResult>),
    );
    let next = if hears_stop(parameters) {
        quote!(let ::core::option::Option::Some(#context) = #driver.next().await)
    } else {
        quote!(#driver.next().await.is_some())
    };
    let identity = identity(function, parameters, library);
    quote! {
        #library::child(#identity, move |mut #driver| async move {
            while #next {
                let #place = ::core::pin::pin!(::core::option::Option::None);
                #driver
                    .attempt(#place, || async {
                        #outcome::into_task_result(#library::sendable(#call).await)
                    })
                    .await;
            }
        })
    }
}

fn blocking(function: &Function, parameters: &[Parameter], library: &Library) -> TokenStream {
    let [context, state] = ["context", "state"].map(|name| local(name, parameters));
    let kept: Vec<&Parameter> = parameters
        .iter()
        .filter(|parameter| parameter.form.handed_over().is_some())
        .collect();
    let names = kept.iter().map(|parameter| &parameter.name);
    let arguments = parameters.iter().map(|Parameter { name, form }| {
        let field = kept
            .iter()
            .position(|kept| kept.name == *name)
            .map(syn::Index::from);
        match form {
            Form::Cloned(value) => again(value, &quote!(#state.#field)),
            Form::Context => context.to_token_stream(),
            Form::Lent(_) => quote!(&mut #state.#field),
            Form::Shared(_) | Form::Unusable => quote!(&#state.#field),
        }
    });
    let call = call(function, arguments);
    let outcome = outcome(function).unwrap_or_else(|| quote!(_));
    let context = if hears_stop(parameters) {
        context.to_token_stream()
    } else {
        quote!(_)
    };
    let state = if kept.is_empty() {
        quote!(_)
    } else {
        state.to_token_stream()
    };
    let identity = identity(function, parameters, library);
    quote! {
        #library::blocking_child::<_, #outcome, _>(
            #identity,
            (#(#names,)*),
            |#context, #state| #call,
        )
    }
}

/// A clone of a value. The bound stands where the first one for it stands, so that the compiler
/// takes the two for one mistake.
fn again(value: &Type, place: &TokenStream) -> TokenStream {
    if is_anonymous(value) {
        quote!(::core::clone::Clone::clone(&#place))
    } else {
        quote!(<#value as ::core::clone::Clone>::clone(&#place))
    }
}

/// The name of the child, and whether it can be told to stop.
fn identity(function: &Function, parameters: &[Parameter], library: &Library) -> TokenStream {
    let label = function.name().unraw().to_string();
    let hears_stop = if hears_stop(parameters) {
        quote!(Yes)
    } else {
        quote!(No)
    };
    quote!(#label, #library::HearsStop::#hears_stop)
}

/// Calls the user's function, at its name.
fn call(function: &Function, arguments: impl Iterator<Item = TokenStream>) -> TokenStream {
    let name = function.name();
    let turbofish = turbofish(function);
    let mut arguments = Group::new(Delimiter::Parenthesis, quote!(#(#arguments),*));
    arguments.set_span(name.span());
    quote!(#name #turbofish #arguments)
}

/// The generic arguments of the call. Some may stand in no parameter, so all are named, but for
/// lifetimes, which cannot be.
fn turbofish(function: &Function) -> Option<TokenStream> {
    let names: Vec<&Ident> = function
        .signature
        .generics
        .params
        .iter()
        .filter_map(|parameter| match parameter {
            GenericParam::Const(constant) => Some(&constant.ident),
            GenericParam::Lifetime(_) => None,
            GenericParam::Type(parameter) => Some(&parameter.ident),
        })
        .collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}

/// The type of the function's result as the user wrote it, if it can be named.
fn outcome(function: &Function) -> Option<TokenStream> {
    match &function.signature.output {
        ReturnType::Default => Some(quote!(())),
        ReturnType::Type(_, output) => match &**output {
            // It has no name that is stable, but it can stand in for any other.
            Type::Never(_) => Some(quote!(())),
            output => (!is_anonymous(output)).then(|| output.to_token_stream()),
        },
    }
}

/// A name for a variable of our own that is none of the parameters'.
fn local(name: &str, parameters: &[Parameter]) -> Ident {
    let mut local = format_ident!("{name}", span = Span::mixed_site());
    while parameters.iter().any(|parameter| parameter.name == local) {
        local = format_ident!("{local}_", span = Span::mixed_site());
    }
    local
}
