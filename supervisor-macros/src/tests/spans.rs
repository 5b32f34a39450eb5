//! Where an editor looks, it finds what the user wrote.
//!
//! An editor resolves every identifier that has a position in the user's code: it completes there,
//! and it offers its definition. So an identifier that is generated has no such position, but for
//! the one that is to be found; what the compiler is to point at are parentheses, punctuation and
//! the user's own types.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, LineColumn, Span, TokenStream, TokenTree};

use super::tokens;
use crate::expand;

const FUNCTION: &str = "
/// Documented.
#[cfg(unix)]
pub(crate) async fn feed<S: Source, const N: usize>(
    ctx: TaskContext,
    config: Config<S>,
    cache: &Cache<N>,
    jobs: &mut Receiver<Job>,
    (low, high): (u8, u8),
) -> Result<(), FeedError>
where
    S: Clone,
{
    body(ctx).await
}
";

const SETTINGS: &str = r#"
    restart = "permanent", backoff = GRACE..GRACE * 2, readiness = "explicit", critical = false,
    tags = ["io"], fuse = "5/30s"
"#;

const TREE: &str = r#"
    strategy = "rest_for_one", intensity = limit(5), pool = false,
    feed(config(1), cache),
    risk: risk::run::<Fast>(limits) { after = [feed], shutdown = GRACE },
    #[cfg(unix)]
    gateway: { start = "concurrent", "eu-1": self::session(Region::Eu) { critical } },
    ..extra(&config), billing: ..tree(),
"#;

#[test]
fn a_function_keeps_its_own_identifiers_and_lends_them_to_nothing_but_spec() {
    for settings in [SETTINGS, "", "local"] {
        let expansion = expand::supervised(tokens(settings), &tokens(FUNCTION));
        let found = found(&expansion);
        // What a pattern hands over is named after its place in the list; a comment is an attribute.
        let strangers = strangers(&found, &["spec", "argument_5", "doc"]);
        assert!(strangers.is_empty(), "{strangers:?}");
        let spec = found.iter().filter(|(ident, _)| *ident == "spec");
        let places: Vec<&str> = spec.map(|(_, source)| source.as_str()).collect();
        assert_eq!(places, ["feed"], "`spec` is found at the function's name");
    }
    let template = "async fn feed(ctx: TaskContext, config: Config) -> Result<(), FeedError> {}";
    let expansion = expand::supervised(tokens("template"), &tokens(template));
    let found_in_template = found(&expansion);
    let strangers_in_template = strangers(&found_in_template, &["spec"]);
    assert!(
        strangers_in_template.is_empty(),
        "{strangers_in_template:?}"
    );
    let blocking = FUNCTION.replace("async fn", "fn");
    let expansion = expand::supervised(tokens("blocking"), &tokens(&blocking));
    let found = found(&expansion);
    let strangers = strangers(&found, &["spec", "argument_5", "doc"]);
    assert!(strangers.is_empty(), "{strangers:?}");
}

#[test]
fn a_tree_keeps_its_own_identifiers_and_lends_the_names_of_children_to_spec() {
    let expansion = expand::supervisor_tree(tokens(TREE));
    let found = found(&expansion);
    let strangers = strangers(&found, &["spec"]);
    assert!(strangers.is_empty(), "{strangers:?}");
    let spec = found.iter().filter(|(ident, _)| *ident == "spec");
    let places: Vec<&str> = spec.map(|(_, source)| source.as_str()).collect();
    assert_eq!(places, ["feed", "run", "session"]);
}

/// Each use of an identifier of the user's is one that the user would expect to be led to.
#[test]
fn the_name_of_a_function_is_the_function_the_enum_and_the_call() {
    let expansion = expand::supervised(tokens(SETTINGS), &tokens(FUNCTION));
    let mut uses: BTreeMap<String, usize> = BTreeMap::new();
    for (ident, _) in found(&expansion) {
        *uses.entry(ident).or_default() += 1;
    }
    // `fn feed`, `enum feed`, `impl feed`, `feed(..)`.
    assert_eq!(uses["feed"], 4, "{uses:?}");
    // The signature, and the type of the parameter of `spec` with its two bounds.
    assert_eq!(uses["Config"], 4, "{uses:?}");
    assert_eq!(uses["FeedError"], 2, "{uses:?}");
    assert_eq!(uses["body"], 1, "{uses:?}");
}

#[test]
fn the_call_of_the_function_is_reported_at_its_name() {
    let plain = FUNCTION
        .replace("<S: Source, const N: usize>", "")
        .replace("where\n    S: Clone,\n", "");
    let expansion = expand::supervised(tokens(SETTINGS), &tokens(&plain));
    let mut places = Vec::new();
    each_pair(&expansion, &mut |ident, group| {
        if ident == "feed" && group.delimiter() == Delimiter::Parenthesis {
            places.push(source(group.span()));
        }
    });
    let [parameters, call] = &places[..] else {
        panic!("the parameters and the call: {places:?}");
    };
    assert!(
        parameters
            .as_ref()
            .is_some_and(|text| text.starts_with('('))
    );
    assert_eq!(call.as_deref(), Some("feed"));
}

#[test]
fn the_arguments_in_a_tree_are_the_users_own() {
    let expansion = expand::supervisor_tree(tokens(TREE));
    let mut arguments = Vec::new();
    each_pair(&expansion, &mut |ident, group| {
        if ident == "spec" {
            arguments.push(source(group.span()));
        }
    });
    let own = ["(config(1), cache)", "(Region::Eu)"].map(|text| Some(text.to_owned()));
    assert_eq!(arguments, own);
}

#[test]
fn a_bound_stands_on_the_type_that_the_user_wrote() {
    let expansion = expand::supervised(tokens(SETTINGS), &tokens(FUNCTION));
    let text = expansion.to_string();
    assert!(text.contains("cloned :: < Config < S > >"), "{text}");
    for name in ["Config", "Cache", "Receiver", "FeedError"] {
        let mut places: Vec<LineColumn> = Vec::new();
        each_ident(&expansion, &mut |ident| {
            if ident == name {
                places.extend(place(ident.span()));
            }
        });
        places.dedup();
        assert_eq!(places.len(), 1, "{name} is at one place: {places:?}");
    }
}

/// Every identifier with a position in the user's code, and what the user wrote there.
fn found(expansion: &TokenStream) -> Vec<(String, String)> {
    let mut found = Vec::new();
    each_ident(expansion, &mut |ident| {
        if let Some(source) = source(ident.span()) {
            found.push((ident.to_string(), source));
        }
    });
    assert!(!found.is_empty(), "positions are known in tests");
    found
}

/// Those that stand where the user wrote something else.
fn strangers<'a>(found: &'a [(String, String)], known: &[&str]) -> Vec<&'a (String, String)> {
    found
        .iter()
        .filter(|(ident, source)| ident != source && !known.contains(&ident.as_str()))
        .collect()
}

fn place(span: Span) -> Option<LineColumn> {
    source(span).map(|_| span.start())
}

/// What stands at a position in the user's code; nothing where the macro itself is called.
fn source(span: Span) -> Option<String> {
    span.source_text().filter(|text| !text.is_empty())
}

fn each_ident(stream: &TokenStream, look: &mut impl FnMut(&Ident)) {
    for token in stream.clone() {
        match token {
            TokenTree::Group(group) => each_ident(&group.stream(), look),
            TokenTree::Ident(ident) => look(&ident),
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Every identifier with a group right behind it.
fn each_pair(stream: &TokenStream, look: &mut impl FnMut(&Ident, &Group)) {
    let mut before: Option<Ident> = None;
    for token in stream.clone() {
        let ident = before.take();
        match token {
            TokenTree::Group(group) => {
                if let Some(ident) = ident {
                    look(&ident, &group);
                }
                each_pair(&group.stream(), look);
            }
            TokenTree::Ident(ident) => before = Some(ident),
            TokenTree::Literal(_) | TokenTree::Punct(_) => {}
        }
    }
}
