//! Whole programs as the compiler sees them: `tests/expanded/*.rs`, which compile and run there.
//!
//! `UPDATE_EXPECT=1 cargo test -p rust-tokio-supervisor-macros expanded && cargo fmt` writes them
//! anew.

use std::fs;
use std::path::Path;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, ExprClosure, File, Item, Meta, Stmt};

use crate::expand;

#[test]
fn the_expanded_quick_start_is_that_of_the_readme() {
    check("../examples/quickstart/main.rs", "quickstart");
}

#[test]
fn the_expanded_gateway_is_that_of_its_source() {
    check("../tests/expanded/source/gateway.rs", "gateway");
}

#[test]
fn the_expanded_index_is_that_of_its_source() {
    check("../tests/expanded/source/index.rs", "index");
}

const HEAD: &str = "\
// Written by the macros, for people to read. To write it anew:
// UPDATE_EXPECT=1 cargo test -p rust-tokio-supervisor-macros expanded && cargo fmt
#![allow(unreachable_pub, unused_imports, unused_qualifications, clippy::pedantic)]
";

/// Holds `tests/expanded/name.rs` against what the macros make of the program.
fn check(source: &str, name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = fs::read_to_string(root.join(source)).expect("the program");
    let program = syn::parse_file(&program).expect("the program is Rust");
    let expanded = prettyplease::unparse(&expand(program)).replace("\n}\n", "\n}\n\n");
    let expanded = format!("{HEAD}{expanded}");
    let place = root.join(format!("../tests/expanded/{name}.rs"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&place, &expanded).expect("a place to write to");
    }
    let kept = fs::read_to_string(&place).expect("the expanded program");
    assert!(
        normal(&kept) == normal(&expanded),
        "{} is stale; write it anew with `UPDATE_EXPECT=1 cargo test -p \
         rust-tokio-supervisor-macros expanded && cargo fmt`",
        place.display()
    );
    only_the_private_door(&kept, name);
}

/// The program in one form, the imports sorted and closures without braces that they can do without:
/// what formats the kept file has sorted the ones, and added or taken away the others.
fn normal(program: &str) -> String {
    let mut file = syn::parse_file(program).expect("the kept file is Rust");
    Unbraced.visit_file_mut(&mut file);
    file.items.sort_by_key(|item| match item {
        Item::Use(import) => import.to_token_stream().to_string(),
        // After every import, in the order in which they are.
        _ => "~".to_owned(),
    });
    prettyplease::unparse(&file)
}

struct Unbraced;

impl VisitMut for Unbraced {
    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        if let Expr::Block(body) = &mut *closure.body {
            if let [Stmt::Expr(only, None)] = &mut *body.block.stmts {
                let only = std::mem::replace(only, Expr::Verbatim(TokenStream::new()));
                *closure.body = only;
            }
        }
        visit_mut::visit_expr_closure_mut(self, closure);
    }
}

/// What is written speaks to the library through `__private` and nothing else.
fn only_the_private_door(expanded: &str, name: &str) {
    let paths: Vec<&str> = expanded
        .match_indices("::")
        .map(|(at, _)| &expanded[at..])
        .filter(|path| path.starts_with("::rust_supervisor"))
        .collect();
    assert!(!paths.is_empty(), "{name}");
    for path in paths {
        let line = path.lines().next().unwrap_or_default();
        assert!(
            path.starts_with("::rust_supervisor::__private::"),
            "{name}: {line}"
        );
    }
}

/// The program with every use of the macros replaced by what they write.
fn expand(program: File) -> File {
    let attributes = program.attrs;
    let items = program.items.into_iter().map(item);
    let tokens = trees(quote!(#(#attributes)* #(#items)*));
    syn::parse2(tokens).expect("the expansion is Rust")
}

fn item(item: Item) -> TokenStream {
    let Item::Fn(mut function) = item else {
        return item.into_token_stream();
    };
    let place = function
        .attrs
        .iter()
        .position(|attribute| attribute.path().is_ident("supervised"));
    let Some(place) = place else {
        return function.into_token_stream();
    };
    let arguments = match function.attrs.remove(place).meta {
        Meta::List(list) => list.tokens,
        Meta::NameValue(_) | Meta::Path(_) => TokenStream::new(),
    };
    expand::supervised(arguments, &function.into_token_stream())
}

/// Expands `supervisor_tree! { .. }` wherever it stands.
fn trees(tokens: TokenStream) -> TokenStream {
    let mut expanded = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "supervisor_tree" => {
                let is_call = matches!(
                    tokens.peek(),
                    Some(TokenTree::Punct(mark)) if mark.as_char() == '!'
                );
                if !is_call {
                    // In a `use`: nobody needs it any longer, but the list is kept as it is.
                    expanded.extend([TokenTree::Ident(ident)]);
                    continue;
                }
                tokens.next();
                let Some(TokenTree::Group(tree)) = tokens.next() else {
                    panic!("`supervisor_tree!` without its tree");
                };
                expanded.extend(expand::supervisor_tree(tree.stream()));
            }
            TokenTree::Group(group) => {
                let inner = Group::new(group.delimiter(), trees(group.stream()));
                expanded.extend([TokenTree::Group(inner)]);
            }
            other => expanded.extend([other]),
        }
    }
    expanded
}
