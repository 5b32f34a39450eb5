//! Parses the signature of a function and leaves its body alone.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Result, Signature, Token};

use super::Function;

/// Parses the item on which the attribute stands.
pub(crate) fn parse(item: TokenStream) -> Result<Function> {
    function.parse2(item)
}

fn function(input: ParseStream<'_>) -> Result<Function> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility = input.parse()?;
    if !is_function(&input.fork()) {
        return Err(input.error(
            "a supervised function is a free `async fn`\n\
             write `#[supervised]` on a function",
        ));
    }
    let signature: Signature = input.parse()?;
    Ok(Function {
        attributes,
        visibility,
        signature,
        body: input.parse()?,
    })
}

/// Whether there is a `fn` before any body.
fn is_function(input: ParseStream<'_>) -> bool {
    while !input.is_empty() && !input.peek(syn::token::Brace) {
        if input.peek(Token![fn]) {
            return true;
        }
        let _ = input.parse::<proc_macro2::TokenTree>();
    }
    false
}
