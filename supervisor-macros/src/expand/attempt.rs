//! Writes the child: what is kept between attempts, and how an attempt is made of it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{GenericParam, ReturnType, Type};

use super::library::Library;
use crate::function::{Form, Function, Parameter, hears_stop, is_anonymous, unused};

/// The child that `spec` returns.
pub(super) struct Child {
    /// Statements that take in what is kept.
    pub(super) kept: TokenStream,
    /// The expression of type `ChildSpec`.
    pub(super) child: TokenStream,
}

/// Where the future of an attempt may be polled.
#[derive(Clone, Copy)]
pub(super) enum Home {
    /// Wherever the runtime likes; it is `Send`.
    AnyThread,
    /// On the thread of its own that a `local` function has.
    OneThread,
}

/// A closure that makes one attempt after the other; a loop of them, where they may borrow what
/// lives outside of it.
pub(super) fn asynchronous(
    function: &Function,
    parameters: &[Parameter],
    home: Home,
    library: &Library,
) -> Child {
    let context = local("context", parameters);
    let kept = parameters.iter().filter_map(|Parameter { name, form }| {
        let kept = keep(name, form, home, library)?;
        let mutability = matches!(form, Form::Lent(_)).then(|| quote!(mut));
        Some(quote!(let #mutability #name = #kept;))
    });
    let arguments = parameters
        .iter()
        .map(|Parameter { name, form }| argument(form, &quote!(#name), &context));
    let call = call(function, arguments);
    let given = if hears_stop(parameters) {
        quote!(#context)
    } else {
        quote!(_)
    };
    let identity = identity(function, parameters, library);
    let borrows = |form: &Form| matches!(form, Form::Lent(_) | Form::Shared(_));
    // The future of a generic function may be of a type that is not known to live for ever, which
    // nobody asks about what is inside of a block.
    let is_generic = function.signature.generics.type_params().next().is_some();
    let child = if is_generic || parameters.iter().any(|parameter| borrows(&parameter.form)) {
        let [driver, place] = ["driver", "place"].map(|name| local(name, parameters));
        let (child, attempt) = match home {
            Home::AnyThread => (
                quote!(borrowing_child),
                quote!(#library::send_unless_local(#call)),
            ),
            Home::OneThread => (quote!(borrowing_local_child), call),
        };
        let ended = into_task_result(function, library, &quote!(#attempt.await));
        quote! {
            #library::#child(#identity, move |mut #driver| async move {
                while #driver.wanted().await {
                    let #place = ::core::pin::pin!(::core::option::Option::None);
                    #driver.attempt(#place, |#given| async { #ended }).await;
                }
            })
        }
    } else {
        let child = match home {
            Home::AnyThread => quote!(child),
            Home::OneThread => quote!(local_child),
        };
        let result = local("result", parameters);
        let into = match &function.signature.output {
            // It can stand in for any other type.
            ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => quote!(#result),
            _ => into_task_result(function, library, &result.to_token_stream()),
        };
        quote! {
            #library::#child(#identity, move |#given| #library::attempt(#call, |#result| #into))
        }
    };
    Child {
        kept: quote!(#(#kept)*),
        child,
    }
}

/// The outcome of an attempt that has ended with this. The bound stands on the user's type and
/// nowhere else, so that a result that is no outcome is one error, at that type: what the driver
/// sees has the library's.
fn into_task_result(function: &Function, library: &Library, result: &TokenStream) -> TokenStream {
    let outcome = outcome(function).map_or_else(
        || quote!(#library::IntoTaskResult),
        |outcome| quote!(<#outcome as #library::IntoTaskResult>),
    );
    quote!(#outcome::into_task_result(#result))
}

/// A closure for the blocking pool; what is kept travels there and back as one tuple.
pub(super) fn blocking(function: &Function, parameters: &[Parameter], library: &Library) -> Child {
    let [context, state] = ["context", "state"].map(|name| local(name, parameters));
    let kept: Vec<TokenStream> = parameters
        .iter()
        .filter_map(|Parameter { name, form }| keep(name, form, Home::AnyThread, library))
        .collect();
    let mut fields = (0..kept.len()).map(syn::Index::from);
    let arguments = parameters.iter().map(|Parameter { form, .. }| {
        let field = form.handed_over().and_then(|_| fields.next());
        argument(form, &quote!(#state.#field), &context)
    });
    let call = call(function, arguments);
    let outcome = outcome(function).unwrap_or_else(|| quote!(_));
    let unless = |unused, name: &Ident| {
        if unused {
            quote!(_)
        } else {
            name.to_token_stream()
        }
    };
    let context = unless(!hears_stop(parameters), &context);
    let state = unless(kept.is_empty(), &state);
    let identity = identity(function, parameters, library);
    Child {
        kept: TokenStream::new(),
        child: quote! {
            #library::blocking_child::<_, #outcome, _>(
                #identity,
                (#(#kept,)*),
                |#context, #state| #call,
            )
        },
    }
}

/// Takes a value in, with the bound that its form asks for on the type that the user wrote.
fn keep(name: &Ident, form: &Form, home: Home, library: &Library) -> Option<TokenStream> {
    let (keep, value) = match (form, home) {
        (Form::Context | Form::Unusable, _) => return None,
        (Form::Cloned(value) | Form::Lent(value) | Form::Shared(value), Home::OneThread) => {
            (quote!(moved), value)
        }
        (Form::Cloned(value), Home::AnyThread) => (quote!(cloned), value),
        (Form::Lent(value), Home::AnyThread) => (quote!(lent), value),
        (Form::Shared(value), Home::AnyThread) => (quote!(shared), value),
    };
    let turbofish = (!is_anonymous(value)).then(|| quote!(::<#value>));
    Some(quote!(#library::#keep #turbofish (#name)))
}

/// What an attempt receives of a value that is kept in `place`.
fn argument(form: &Form, place: &TokenStream, context: &Ident) -> TokenStream {
    match form {
        // The bound stands where that of `cloned` stands, so that the compiler takes the two for
        // one mistake.
        Form::Cloned(value) if !is_anonymous(value) => {
            quote!(<#value as ::core::clone::Clone>::clone(&#place))
        }
        Form::Cloned(_) => quote!(::core::clone::Clone::clone(&#place)),
        Form::Context => context.to_token_stream(),
        Form::Lent(_) => quote!(&mut #place),
        Form::Shared(_) | Form::Unusable => quote!(&#place),
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
    let position = function.name().span();
    (!names.is_empty()).then(|| quote_spanned!(position=> ::<#(#names),*>))
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

/// A name for a variable of our own.
fn local(name: &str, parameters: &[Parameter]) -> Ident {
    unused(Ident::new(name, Span::mixed_site()), parameters)
}
