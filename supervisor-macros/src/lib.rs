//! The macros of rust-tokio-supervisor.
//!
//! Use them through the library, `rust_supervisor`, which re-exports both: what they write speaks
//! to the library of the same version.

mod diagnostics;
mod expand;
mod function;
mod setting;
mod tree;

use proc_macro::TokenStream;

/// Makes a function a child that can be supervised.
#[proc_macro_attribute]
pub fn supervised(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::supervised(arguments.into(), &item.into()).into()
}

/// Declares a tree of supervisors and children.
#[proc_macro]
pub fn supervisor_tree(input: TokenStream) -> TokenStream {
    expand::supervisor_tree(input.into()).into()
}
