//! While somebody types, something is always missing.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;

use super::tokens;
use crate::expand;

const ARGUMENTS: &str = r#"
    restart = "permanent", backoff = "100ms..30s", shutdown = GRACE * 2, readiness = "explicit",
    critical = false, significant, crate = "::renamed"
"#;

const FUNCTION: &str = "
    /// Documented.
    pub async fn feed<'a, S: Source>(ctx: TaskContext, config: &'a S, jobs: &mut Jobs) -> Result<(), E>
    where S: Send { body() }
";

const TREE: &str = r#"
    strategy = "rest_for_one", intensity = "5/30s", pool,
    feed(marker),
    risk: risk::run::<Fast>(limits) { after = [feed, "eu-1"], shutdown = "30s" },
    #[cfg(unix)]
    gateway: { start = "concurrent", "eu-1": session(Region::Eu) { after = [listener] } },
    ..extra(&config), billing: ..tree(),
"#;

#[test]
fn whatever_is_missing_in_the_attribute_the_function_stays() {
    let item = tokens(FUNCTION);
    for arguments in broken(&tokens(ARGUMENTS)) {
        let expansion = expand::supervised(arguments.clone(), &item).to_string();
        assert!(expansion.contains("fn feed"), "{arguments}");
        assert!(expansion.contains("{ body () }"), "{arguments}");
        assert!(expansion.contains("fn spec"), "{arguments}");
    }
}

#[test]
fn whatever_is_missing_in_the_function_its_body_stays() {
    for item in broken(&tokens(FUNCTION)) {
        let body = item.to_string().contains("{ body () }");
        let expansion = expand::supervised(tokens(ARGUMENTS), &item).to_string();
        assert!(!body || expansion.contains("{ body () }"), "{item}");
    }
}

#[test]
fn whatever_is_missing_in_a_tree_it_stays_a_tree() {
    for input in broken(&tokens(TREE)) {
        let expansion = expand::supervisor_tree(input.clone()).to_string();
        assert!(expansion.contains("SupervisorSpec :: root"), "{input}");
    }
}

#[test]
fn a_mistake_in_one_entry_leaves_the_others() {
    for mistake in [
        "oops",
        "?",
        "= 1",
        "oops!()",
        "name:",
        "name: 5",
        "..",
        "feed(",
        "#[cfg(a)]",
    ] {
        let Ok(input) = format!("{mistake}, feed(marker)").parse::<TokenStream>() else {
            continue;
        };
        let expansion = expand::supervisor_tree(input).to_string();
        assert!(
            expansion.contains("spec (marker)"),
            "{mistake}: {expansion}"
        );
    }
}

/// The tokens with each one left out, and with each one doubled, at every depth.
fn broken(tokens: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let mut all = Vec::new();
    for position in 0..tokens.len() {
        let (before, after) = (&tokens[..position], &tokens[position + 1..]);
        let with = |middle: &[TokenTree]| -> TokenStream {
            [before, middle, after].concat().into_iter().collect()
        };
        let token = &tokens[position];
        all.push(with(&[]));
        all.push(with(&[token.clone(), token.clone()]));
        if let TokenTree::Group(group) = token {
            for inner in broken(&group.stream()) {
                let group = Group::new(group.delimiter(), inner);
                all.push(with(&[TokenTree::Group(group)]));
            }
        }
    }
    all.push(TokenStream::new());
    all.push(tokens.iter().map(ToTokens::to_token_stream).collect());
    all
}
