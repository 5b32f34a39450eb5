//! Both macros on token streams.
//!
//! What a user reads about a mistake, and where, is shown by the workspace's `ui-tests`; here is
//! what is written, and that nothing stops the macros from writing it.

mod documentation;
mod expanded;
mod expansion;
mod recovery;
mod spans;
mod validation;

use proc_macro2::{TokenStream, TokenTree};

use crate::expand;

fn tokens(source: &str) -> TokenStream {
    source
        .parse()
        .expect("the source of a test is made of tokens")
}

/// Expands `#[supervised(arguments)] item`.
fn supervised(arguments: &str, item: &str) -> TokenStream {
    expand::supervised(tokens(arguments), &tokens(item))
}

/// Expands `supervisor_tree! { input }`.
fn supervisor_tree(input: &str) -> TokenStream {
    expand::supervisor_tree(tokens(input))
}

/// The messages of all `compile_error!`s, in order.
fn mistakes(expansion: TokenStream) -> Vec<String> {
    let mut messages = Vec::new();
    let mut after_compile_error = false;
    for token in expansion {
        match token {
            TokenTree::Group(group) if after_compile_error => {
                let message: syn::LitStr =
                    syn::parse2(group.stream()).expect("`compile_error!` takes a string");
                messages.push(message.value());
                after_compile_error = false;
            }
            TokenTree::Group(group) => messages.extend(mistakes(group.stream())),
            TokenTree::Ident(ident) => after_compile_error = ident == "compile_error",
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
    messages
}
