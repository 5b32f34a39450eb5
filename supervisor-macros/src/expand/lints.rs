//! Lints that would blame the user for what the attribute asks for, or for what is generated.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{FnArg, GenericParam, ReturnType, Type};

use super::attributes;
use crate::function::Function;
use crate::setting::Settings;

/// Those of the function itself: the attribute asks for what they advise against.
pub(crate) fn of_function(function: &Function, settings: &Settings) -> Vec<TokenStream> {
    let mut lints = Vec::new();
    if function.signature.asyncness.is_some() {
        lints.push(quote!(clippy::unused_async));
    }
    if settings.on("local").is_some() {
        lints.push(quote!(clippy::future_not_send));
    }
    if settings.on("blocking").is_some() {
        lints.push(quote!(clippy::needless_pass_by_value));
    }
    // The form of a parameter says how its value is kept: `&Vec<T>` that a vector is, where `&[T]`
    // would not say what; `&mut T` that one attempt at a time has it, changed or not.
    if signature_borrows(function) {
        lints.extend([
            quote!(clippy::borrowed_box),
            quote!(clippy::needless_pass_by_ref_mut),
            quote!(clippy::ptr_arg),
        ]);
    }
    lints
}

fn signature_borrows(function: &Function) -> bool {
    function.signature.inputs.iter().any(|input| match input {
        FnArg::Typed(typed) => matches!(*typed.ty, Type::Reference(_)),
        FnArg::Receiver(_) => false,
    })
}

/// Those of the compiler that `spec` would provoke. Only these: who forbids one of the others shall
/// not be told that it is allowed here.
pub(crate) fn of_spec(function: &Function) -> Vec<TokenStream> {
    let signature = &function.signature;
    let mut lints = Vec::new();
    if attributes::is_deprecated(&function.attributes) {
        lints.push(quote!(deprecated));
    }
    if let ReturnType::Type(_, output) = &signature.output {
        if matches!(**output, Type::Never(_)) {
            lints.push(quote!(unreachable_code));
        }
    }
    let mut generics = signature.generics.params.iter();
    if generics.any(|generic| matches!(generic, GenericParam::Lifetime(_))) {
        lints.push(quote!(unused_lifetimes));
    }
    lints
}
