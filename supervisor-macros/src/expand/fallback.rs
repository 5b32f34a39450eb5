//! What stands beside the errors, so that nothing else breaks.
//!
//! A tree elsewhere says `feed::spec(..)`; without it, every use would be an error of its own.

use proc_macro2::TokenStream;
use quote::quote;

use super::function::carrier;
use super::library::Library;
use super::template;
use crate::function::{Function, Parameter, hides_primitive};
use crate::setting::Settings;

/// The enum and a `spec` that has the right type and no code; a template likewise.
pub(crate) fn expand(
    function: &Function,
    parameters: &[Parameter],
    settings: &Settings,
    library: &Library,
) -> TokenStream {
    // Neither can stand there: a type cannot be declared among methods, and one with the name of
    // a primitive would hide it.
    if function.signature.receiver().is_some() || hides_primitive(function) {
        return TokenStream::new();
    }
    // Used, so that no warning about them joins the errors.
    let used = parameters
        .iter()
        .filter(|parameter| parameter.form.handed_over().is_some())
        .map(|parameter| &parameter.name);
    let body = quote! {
        let _ = (#(#used,)*);
        ::core::unreachable!()
    };
    let spec = carrier(function, parameters, library, &body);
    let template = template::fallback(function, settings, library);
    quote!(#spec #template)
}
