//! Finds what a type borrows, as far as that is written.
//!
//! What the supervisor keeps must be `'static`. The compiler says so in the middle of what is
//! generated, where nobody can mend it; most of what borrows can be seen in the type itself.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    GenericArgument, GenericParam, Generics, Lifetime, PathArguments, Type, TypeParamBound,
    WherePredicate,
};

/// The first reference or lifetime in `value` that ends before `'static`.
///
/// A signature within the type, as in `fn(&str)` and `dyn Fn(&str)`, borrows nothing. What stands
/// behind `impl Trait` and in a projection is for the compiler to know.
pub(super) fn borrow(value: &Type, generics: &Generics) -> Option<TokenStream> {
    let inside = |value: &Type| borrow(value, generics);
    match value {
        Type::Array(array) => inside(&array.elem),
        Type::Group(group) => inside(&group.elem),
        Type::Paren(paren) => inside(&paren.elem),
        Type::Path(path) if path.qself.is_none() => path
            .path
            .segments
            .iter()
            .find_map(|segment| in_arguments(&segment.arguments, generics)),
        Type::Reference(reference) => match &reference.lifetime {
            Some(lifetime) if is_static(lifetime, generics) => inside(&reference.elem),
            _ => Some(value.to_token_stream()),
        },
        Type::Slice(slice) => inside(&slice.elem),
        Type::TraitObject(object) => object.bounds.iter().find_map(|bound| match bound {
            TypeParamBound::Lifetime(lifetime) => ends(lifetime, generics),
            TypeParamBound::Trait(bound) if bound.lifetimes.is_none() => bound
                .path
                .segments
                .iter()
                .find_map(|segment| in_arguments(&segment.arguments, generics)),
            _ => None,
        }),
        Type::Tuple(tuple) => tuple.elems.iter().find_map(inside),
        _ => None,
    }
}

fn in_arguments(arguments: &PathArguments, generics: &Generics) -> Option<TokenStream> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(associated) => borrow(&associated.ty, generics),
        GenericArgument::Lifetime(lifetime) => ends(lifetime, generics),
        GenericArgument::Type(value) => borrow(value, generics),
        _ => None,
    })
}

fn ends(lifetime: &Lifetime, generics: &Generics) -> Option<TokenStream> {
    (!is_static(lifetime, generics)).then(|| lifetime.to_token_stream())
}

/// Whether the lifetime is `'static`, or declared to be as long.
fn is_static(lifetime: &Lifetime, generics: &Generics) -> bool {
    let as_long = |declared: &Lifetime, mut bounds: syn::punctuated::Iter<'_, Lifetime>| {
        declared == lifetime && bounds.any(|bound| bound.ident == "static")
    };
    let in_parameters = generics.params.iter().any(|parameter| {
        matches!(parameter, GenericParam::Lifetime(declared)
            if as_long(&declared.lifetime, declared.bounds.iter()))
    });
    let in_clause = || {
        let mut predicates = generics
            .where_clause
            .iter()
            .flat_map(|clause| &clause.predicates);
        predicates.any(|predicate| {
            matches!(predicate, WherePredicate::Lifetime(declared)
                if as_long(&declared.lifetime, declared.bounds.iter()))
        })
    };
    lifetime.ident == "static" || in_parameters || in_clause()
}
