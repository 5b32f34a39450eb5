//! The rules for a supervised function.

use quote::ToTokens;
use rust_supervisor_settings::budget::Budget;
use rust_supervisor_settings::value::Value as Text;
use syn::{Attribute, ReturnType, Safety, Signature, Type, TypeParamBound};

use super::borrow::borrow;
use super::{Function, Parameter, hears_stop};
use crate::diagnostics::Diagnostics;
use crate::setting::{Settings, Value, contradictions};

/// The primitive types. A child of such a name would hide the type in its whole module.
const PRIMITIVES: &[&str] = &[
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];

/// Reports whatever keeps the function from being supervised.
pub(crate) fn validate(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) {
    let signature = &function.signature;
    if let Some(receiver) = signature.receiver() {
        diagnostics.at(
            receiver,
            "a supervised function has no receiver\n\
             take `Arc<Self>` by name in a free function instead",
        );
    }
    if hides_primitive(function) {
        let name = function.name();
        diagnostics.at(
            name,
            format_args!(
                "a child cannot be named after the primitive type `{name}`\n\
             give the function another name, or its module could not use that type"
            ),
        );
    }
    if let Safety::Unsafe(token) = &signature.safety {
        diagnostics.at(
            token,
            "a supervised function cannot be `unsafe`: the supervisor calls it\n\
             write an `unsafe` block in its body instead",
        );
    }
    if let Some(variadic) = &signature.variadic {
        diagnostics.at(
            variadic,
            "a supervised function cannot be variadic\ntake a `Vec` instead",
        );
    }
    if let Some(again) = supervised_again(function) {
        diagnostics.at(
            again,
            "a function is supervised once\nremove one of the two attributes",
        );
    }
    borrowing_outcome(signature, diagnostics);
    color(function, settings, diagnostics);
    contradictions(settings, diagnostics);
    ready_at_once(settings, diagnostics);
    if !hears_stop(parameters) {
        without_context(function, settings, diagnostics);
    }
}

/// The attribute, where it stands on the function a second time.
pub(crate) fn supervised_again(function: &Function) -> Option<&Attribute> {
    function.attributes.iter().find(|attribute| {
        let name = attribute.path().segments.last();
        name.is_some_and(|name| name.ident == "supervised")
    })
}

/// An outcome is kept when the attempt is gone, with whatever it could have borrowed from.
fn borrowing_outcome(signature: &Signature, diagnostics: &mut Diagnostics) {
    let ReturnType::Type(_, outcome) = &signature.output else {
        return;
    };
    if let Some(borrow) = borrow(outcome, &signature.generics) {
        diagnostics.at(
            borrow,
            "an outcome outlives its attempt, so it cannot borrow\n\
             return what owns its data, such as `String` for `&str`, or write `'static`",
        );
    }
}

/// Whether the name of the function is that of a primitive type.
pub(crate) fn hides_primitive(function: &Function) -> bool {
    PRIMITIVES
        .iter()
        .any(|primitive| function.name() == primitive)
}

/// A time limit on a start that is complete at once.
fn ready_at_once(settings: &Settings, diagnostics: &mut Diagnostics) {
    if settings.mentions("readiness") {
        return;
    }
    if let Some(ready_within) = settings.get("ready_within") {
        diagnostics.at(
            &ready_within.key,
            "`ready_within` has no effect: the function is ready at once\n\
             add `readiness = \"explicit\"` or `readiness = \"completed\"`",
        );
    }
}

/// What a function cannot do without a context, it cannot be asked for.
fn without_context(function: &Function, settings: &Settings, diagnostics: &mut Diagnostics) {
    if let Some(heartbeat) = settings.get("heartbeat") {
        diagnostics.at(
            &heartbeat.key,
            "`heartbeat` needs a `TaskContext` parameter to call `heartbeat` on\nadd `ctx: TaskContext`",
        );
    }
    if let (Some("explicit"), Some(readiness)) =
        (settings.word("readiness"), settings.get("readiness"))
    {
        diagnostics.at(
            &readiness.key,
            "`readiness = \"explicit\"` needs a `TaskContext` parameter to call `mark_ready` on\nadd `ctx: TaskContext`",
        );
    }
    // What a budget is to a blocking function, which cannot be dropped, the library says.
    if function.signature.asyncness.is_none() {
        return;
    }
    let Some(shutdown) = settings.get("shutdown") else {
        return;
    };
    if !matches!(shutdown.value, Value::Text(Text::Budget(Budget::Abort))) {
        diagnostics.at(
            &shutdown.key,
            "`shutdown` has no effect: without a `TaskContext` parameter, the function cannot hear \
             that it is to stop\n\
             add `ctx: TaskContext`, or remove it: the function is dropped at its next await",
        );
    }
}

/// A function is either `async` or `blocking`.
fn color(function: &Function, settings: &Settings, diagnostics: &mut Diagnostics) {
    let signature = &function.signature;
    match (&signature.asyncness, settings.on("blocking")) {
        (Some(_), None) | (None, Some(_)) => {}
        (Some(_), Some(blocking)) => diagnostics.at(
            &blocking.key,
            "an `async` function is not `blocking`\nremove one of the two",
        ),
        // If its value could not be read, that has been reported.
        (None, None) if settings.mentions("blocking") && settings.get("blocking").is_none() => {}
        (None, None) if returns_future(signature) => diagnostics.at(
            signature.fn_token.to_token_stream(),
            "a supervised function must be `async`\n\
             write `async fn` and, as what it returns, what the future makes",
        ),
        (None, None) => diagnostics.at(
            signature.fn_token.to_token_stream(),
            "a supervised function must be `async`\n\
             add `blocking` to run a synchronous function on the blocking pool: \
             `#[supervised(blocking)]`",
        ),
    }
}

fn returns_future(signature: &Signature) -> bool {
    let ReturnType::Type(_, outcome) = &signature.output else {
        return false;
    };
    matches!(&**outcome, Type::ImplTrait(anonymous) if anonymous.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|name| name.ident == "Future"))
    }))
}
