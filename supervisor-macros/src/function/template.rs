//! The rules for a function that files can start: everything it takes can be read.

use syn::{GenericParam, Pat, Type};

use super::{Form, Function, Parameter, is_anonymous};
use crate::diagnostics::Diagnostics;
use crate::setting::Settings;

/// Reports whatever keeps the function from being a template.
pub(crate) fn validate_template(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    diagnostics: &mut Diagnostics,
) {
    if settings.on("template").is_none() {
        return;
    }
    let mut generic = function.signature.generics.params.iter();
    if let Some(parameter) =
        generic.find(|parameter| !matches!(parameter, GenericParam::Lifetime(_)))
    {
        diagnostics.at(
            parameter,
            "a file cannot say what a generic parameter of a `template` is\n\
             make a template for each type with `Template::new`",
        );
    }
    for (parameter, input) in parameters.iter().zip(typed(function)) {
        check(parameter, &input.pat, diagnostics);
    }
}

fn typed(function: &Function) -> impl Iterator<Item = &syn::PatType> {
    function
        .signature
        .inputs
        .iter()
        .filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(typed),
            syn::FnArg::Receiver(_) => None,
        })
}

fn check(parameter: &Parameter, pattern: &Pat, diagnostics: &mut Diagnostics) {
    let value = match &parameter.form {
        Form::Lent(value) => {
            let name = &parameter.name;
            diagnostics.at(
                value,
                format_args!(
                    "a file cannot lend `{name}`: what is lent to a child comes from code\n\
                     make the template by hand with `Template::new`, which can capture it, or take \
                     `{name}` by value"
                ),
            );
            return;
        }
        Form::Cloned(value) | Form::Shared(value) => value,
        Form::Context | Form::Unusable => return,
    };
    if is_anonymous(value) || matches!(value, Type::Reference(_)) {
        diagnostics.at(
            value,
            "an argument of a `template` is read from a file\n\
             name a type that owns what it has, such as `String`",
        );
    }
    if !matches!(pattern, Pat::Ident(_)) {
        diagnostics.at(
            pattern,
            "an argument of a `template` needs a name: a file calls it by that\n\
             write one name in its place, and take it apart in the body",
        );
    }
}
