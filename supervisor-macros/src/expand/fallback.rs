//! What stands beside the errors, so that nothing else breaks.
//!
//! A tree elsewhere says `feed::spec(..)`; without it, every use would be an error of its own.

use proc_macro2::TokenStream;
use quote::quote;

use super::function::carrier;
use super::library::Library;
use super::template;
use crate::function::{Function, Parameter, hides_primitive, supervised_again};
use crate::setting::Settings;

/// The enum and a `spec` that has the right type and no code but the errors; a template likewise.
pub(crate) fn expand(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    library: &Library,
    errors: &TokenStream,
) -> TokenStream {
    // None can stand there: a type cannot be declared among methods, one with the name of a
    // primitive would hide it, and where the attribute stands twice the other one declares it.
    if function.signature.receiver().is_some()
        || hides_primitive(function)
        || supervised_again(function).is_some()
    {
        return errors.clone();
    }
    // Used, so that no warning about them joins the errors.
    let used = parameters
        .iter()
        .filter(|parameter| parameter.form.handed_over().is_some())
        .map(|parameter| &parameter.name);
    // The errors stand inside: where one stands in a module, the compiler says no more about names
    // in it, and whoever misspelt another function would hear of that in the next run.
    let body = quote! {
        #errors
        let _ = (#(#used,)*);
        ::core::unreachable!()
    };
    let spec = carrier(function, parameters, library, &body);
    let template = template::fallback(function, settings, library);
    quote!(#spec #template)
}
