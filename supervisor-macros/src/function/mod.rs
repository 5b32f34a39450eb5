//! A supervised function, as far as the macro has to understand it.

mod borrow;
mod parameter;
mod parse;
mod template;
mod validate;

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Signature, Visibility};

pub(crate) use parameter::{Form, Parameter, is_anonymous, parameters, unused};
pub(crate) use parse::parse;
pub(crate) use template::validate_template;
pub(crate) use validate::{hides_primitive, supervised_again, validate};

/// A function on which the attribute stands.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The body in its braces. It is never looked into: it may be unfinished while it is typed,
    /// and its mistakes are the compiler's to report.
    pub(crate) body: TokenStream,
}

impl Function {
    pub(crate) const fn name(&self) -> &Ident {
        &self.signature.ident
    }
}

/// Whether the function can be told to stop.
pub(crate) fn hears_stop(parameters: &[Parameter]) -> bool {
    parameters
        .iter()
        .any(|parameter| matches!(parameter.form, Form::Context))
}
