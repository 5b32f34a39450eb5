//! The form of a parameter says how its value survives a restart.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::spanned::Spanned;
use syn::{FnArg, Generics, Pat, PatType, Signature, Type, TypeReference};

use super::borrow::borrow;
use crate::diagnostics::Diagnostics;

/// A parameter of a supervised function.
pub(crate) struct Parameter {
    /// Its name in `spec`.
    pub(crate) name: Ident,
    pub(crate) form: Form,
}

/// What every attempt receives for a parameter.
pub(crate) enum Form {
    /// `T`: a clone.
    Cloned(Type),
    /// `TaskContext`: one of its own.
    Context,
    /// `&mut T`: the one value, which it gives back at its end.
    Lent(Type),
    /// `&T`: a borrow of one value.
    Shared(Type),
    /// Something that cannot survive a restart; it has been reported.
    Unusable,
}

/// Classifies the parameters of a function, and reports those that cannot be kept.
pub(crate) fn parameters(signature: &Signature, diagnostics: &mut Diagnostics) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::with_capacity(signature.inputs.len());
    for (position, input) in signature.inputs.iter().enumerate() {
        // A receiver is reported elsewhere.
        let FnArg::Typed(typed) = input else { continue };
        if let Some(cfg) = typed
            .attrs
            .iter()
            .find(|attribute| attribute.path().is_ident("cfg"))
        {
            diagnostics.at(
                cfg,
                "a parameter of a supervised function cannot be conditional\n\
                 write the function twice, each under its own `#[cfg]`",
            );
        }
        let form = form(typed, &signature.generics, diagnostics);
        let repeated = parameters
            .iter()
            .any(|parameter| matches!(parameter.form, Form::Context));
        if repeated && matches!(form, Form::Context) {
            diagnostics.at(
                &typed.ty,
                "a supervised function takes one `TaskContext`\nremove the other",
            );
        }
        let name = unused(name(&typed.pat, position), &parameters);
        parameters.push(Parameter { name, form });
    }
    parameters
}

impl Form {
    /// The type that the caller of `spec` hands over; none for what the supervisor makes.
    pub(crate) fn handed_over(&self) -> Option<TokenStream> {
        match self {
            Self::Cloned(value) | Self::Lent(value) | Self::Shared(value) => {
                Some(value.to_token_stream())
            }
            Self::Context => None,
            // Anything is accepted, so that the mistake is reported once, at the function.
            Self::Unusable => Some(quote::quote!(impl ::core::marker::Sized)),
        }
    }
}

/// Whether `impl Trait` stands anywhere in the type, which then cannot be named again.
pub(crate) fn is_anonymous(value: &impl ToTokens) -> bool {
    fn contains_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Group(group) => contains_impl(group.stream()),
            TokenTree::Ident(ident) => ident == "impl",
            TokenTree::Literal(_) | TokenTree::Punct(_) => false,
        })
    }
    contains_impl(value.to_token_stream())
}

/// The name, or one like it that is none of the parameters'.
///
/// The compiler tells names apart by where they are from; here, all are from the same place.
pub(crate) fn unused(mut name: Ident, parameters: &[Parameter]) -> Ident {
    while parameters.iter().any(|parameter| parameter.name == name) {
        name = format_ident!("{name}_");
    }
    name
}

fn form(typed: &PatType, generics: &Generics, diagnostics: &mut Diagnostics) -> Form {
    let Type::Reference(reference) = ungrouped(&typed.ty) else {
        return if is_context(&typed.ty) {
            Form::Context
        } else if holds_borrow(typed, &typed.ty, generics, diagnostics) {
            Form::Unusable
        } else {
            Form::Cloned((*typed.ty).clone())
        };
    };
    let name = typed.pat.to_token_stream();
    if is_context(&reference.elem) {
        let message = format!(
            "every attempt has a context of its own\ntake it by value: `{name}: TaskContext`"
        );
        diagnostics.at(&typed.ty, message);
        // What was meant is plain, and nobody hands it over.
        return Form::Context;
    }
    if is_static(reference) {
        if reference.mutability.is_none() {
            // A borrow that never ends is a value like any other: each attempt gets a copy.
            return Form::Cloned((*typed.ty).clone());
        }
        let message = format!(
            "`{name}` is lent to one attempt at a time, so it cannot be `'static`\n\
             write `&mut` without a lifetime"
        );
        diagnostics.at(&reference.lifetime, message);
        return Form::Unusable;
    }
    if let Some(instead) = owned_instead(&reference.elem) {
        let unsized_type = ungrouped(&reference.elem).to_token_stream();
        let message = format!(
            "the supervisor cannot own a `{unsized_type}` between attempts\ntake {instead}"
        );
        diagnostics.at(&typed.ty, message);
        return Form::Unusable;
    }
    if holds_borrow(typed, &reference.elem, generics, diagnostics) {
        return Form::Unusable;
    }
    let value = ungrouped(&reference.elem).clone();
    if reference.mutability.is_some() {
        Form::Lent(value)
    } else {
        Form::Shared(value)
    }
}

/// Reports a borrow inside of what would be kept.
fn holds_borrow(
    typed: &PatType,
    kept: &Type,
    generics: &Generics,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(borrow) = borrow(kept, generics) else {
        return false;
    };
    let name = typed.pat.to_token_stream();
    let message = format!(
        "`{name}` holds a borrow, which the supervisor cannot keep between attempts\n\
         take what owns its data, such as `String` for `&str`, or write `'static`"
    );
    diagnostics.at(borrow, message);
    true
}

/// Recognizes the context by the last name of its path; a macro cannot see through an alias.
fn is_context(value: &Type) -> bool {
    match ungrouped(value) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "TaskContext"),
        _ => false,
    }
}

fn is_static(reference: &TypeReference) -> bool {
    reference
        .lifetime
        .as_ref()
        .is_some_and(|lifetime| lifetime.ident == "static")
}

/// For a type without a size that is known: what can be owned in its place.
fn owned_instead(value: &Type) -> Option<&'static str> {
    match ungrouped(value) {
        Type::Path(path) if path.path.is_ident("str") => Some("a `String`, or a `&'static str`"),
        Type::Slice(_) => Some("a `Vec`, or a reference to one"),
        Type::TraitObject(_) => Some("an `Arc`, or a reference to a `Box`"),
        _ => None,
    }
}

/// A type without its parentheses, visible or not.
fn ungrouped(value: &Type) -> &Type {
    match value {
        Type::Group(group) => ungrouped(&group.elem),
        Type::Paren(paren) => ungrouped(&paren.elem),
        other => other,
    }
}

/// The name of the parameter in `spec`.
///
/// It has the position of the user's pattern, but not its scope: otherwise a parameter could hide
/// what the settings, or the function's own name, refer to.
fn name(pattern: &Pat, position: usize) -> Ident {
    let span = Span::mixed_site().located_at(pattern.span());
    match pattern {
        Pat::Ident(named) => {
            let mut name = named.ident.clone();
            name.set_span(span);
            name
        }
        _ => format_ident!("argument_{}", position + 1, span = span),
    }
}
