//! Where the library is.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::setting::{Settings, Value};

/// The one door of the library that generated code goes through.
pub(crate) struct Library {
    private: TokenStream,
}

impl Library {
    /// `::rust_supervisor`, or what the setting `crate` says.
    pub(crate) fn new(settings: &Settings) -> Self {
        let named = settings.get("crate").map(|setting| &setting.value);
        let private = if let Some(Value::Path(path)) = named {
            quote!(#path::__private)
        } else {
            quote!(::rust_supervisor::__private)
        };
        Self { private }
    }
}

impl ToTokens for Library {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.private.to_tokens(tokens);
    }
}
