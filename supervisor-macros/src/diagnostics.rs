//! Collects every mistake of one use of a macro, so that all are reported in one run.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Option<Error>,
}

impl Diagnostics {
    /// Adds a mistake.
    pub(crate) fn report(&mut self, error: Error) {
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            None => self.errors = Some(error),
        }
    }

    /// Adds a mistake that the user made in `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.report(Error::new_spanned(tokens, message));
    }

    /// Takes the value apart from the mistake.
    pub(crate) fn attempt<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.report(error)).ok()
    }

    /// Whether there was no mistake.
    pub(crate) const fn is_empty(&self) -> bool {
        self.errors.is_none()
    }

    /// One `compile_error!` for each mistake; they may stand among items and among statements.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors
            .map_or_else(TokenStream::new, Error::into_compile_error)
    }
}
