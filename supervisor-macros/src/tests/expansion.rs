//! What is written, as `snapshots/*.rs`. `UPDATE_EXPECT=1` writes them anew.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{supervised, supervisor_tree};

#[test]
fn smallest() {
    let item = "async fn beat() { loop { tick().await } }";
    check_items(supervised("", item), &expect_file!["snapshots/smallest.rs"]);
}

#[test]
fn all_forms_of_parameters() {
    let arguments = r#"
        restart = "permanent", backoff = "100ms..30s", shutdown = GRACE, readiness = "explicit",
        critical = false,
    "#;
    let item = "
        /// Mirrors the exchange feed into the cache.
        #[inline]
        #[cfg(unix)]
        #[cfg_attr(test, inline, deprecated)]
        pub(crate) async fn feed(
            ctx: TaskContext,
            config: FeedConfig,
            cache: &Cache,
            mut jobs: &mut Receiver<Job>,
            name: &'static str,
            (low, high): (u8, u8),
        ) -> Result<(), FeedError> { todo!() }
    ";
    let snapshot = expect_file!["snapshots/all_forms_of_parameters.rs"];
    check_items(supervised(arguments, item), &snapshot);
}

#[test]
fn generic() {
    let item = "
        async fn pump<'a, S: Source, const N: usize>(source: &'a S, sink: impl Sink) -> impl Outcome
        where
            S: Send,
        { todo!() }
    ";
    check_items(supervised("", item), &expect_file!["snapshots/generic.rs"]);
}

#[test]
fn never_returns() {
    let item = "async fn serve(ctx: TaskContext) -> ! { todo!() }";
    check_items(
        supervised("", item),
        &expect_file!["snapshots/never_returns.rs"],
    );
}

#[test]
fn blocking() {
    let item = "fn index(db: &Db, ctx: TaskContext, path: PathBuf, queue: &mut Queue) -> io::Result<()> {}";
    check_items(
        supervised("blocking", item),
        &expect_file!["snapshots/blocking.rs"],
    );
}

#[test]
fn local() {
    let arguments =
        r#"local, heartbeat = "3s", fuse = "5/30s", on_stuck = "escalate", tags = ["ui"]"#;
    let item =
        "async fn paint(ctx: TaskContext, theme: Theme, queue: &mut Queue, screen: &Screen) {}";
    check_items(
        supervised(arguments, item),
        &expect_file!["snapshots/local.rs"],
    );
}

#[test]
fn names_of_our_own_give_way() {
    let item = "async fn driver(driver: u8, place: &u8, place_: u8, context: TaskContext) {}";
    let snapshot = expect_file!["snapshots/names_of_our_own_give_way.rs"];
    check_items(supervised(r#"crate = "::renamed""#, item), &snapshot);
}

#[test]
fn function_with_mistakes() {
    let item = "
        /// Documented.
        pub async fn feed(config: FeedConfig, name: &str, jobs: &mut Receiver<Job>) { todo!() }
    ";
    let expansion = supervised(r#"restrat = "permanent", shutdown = "5""#, item);
    check_items(
        expansion,
        &expect_file!["snapshots/function_with_mistakes.rs"],
    );
}

#[test]
fn tree() {
    let input = r#"
        strategy = "rest_for_one",
        intensity = "5/30s",
        feed(config, cache, jobs),
        risk: risk::run::<Fast>(limits) { after = [feed], shutdown = "30s", backoff = "none" },
        gateway: {
            strategy = "one_for_all",
            restart = "transient",
            after = [risk],
            listener(addr),
            eu: session(Region::Eu) { after = [listener] },
        },
        uploads: { pool = 1_000 },
        downloads: { pool },
        ..extra_children(&config),
        billing: ..billing::tree(&config),
    "#;
    check_expression(&supervisor_tree(input), &expect_file!["snapshots/tree.rs"]);
}

#[test]
fn conditional_tree() {
    let input = r#"
        #[cfg(test)]
        strategy = "one_for_all",
        feed(),
        #[cfg(feature = "us")]
        us: session() {
            #[cfg(unix)]
            shutdown = "5s",
        },
        inner: { feed() },
    "#;
    check_expression(
        &supervisor_tree(input),
        &expect_file!["snapshots/conditional_tree.rs"],
    );
}

#[test]
fn tree_with_mistakes() {
    let input = "oops, feed(config), { listener(addr) }, ..extra.";
    // What is unfinished is passed on for the compiler to report, so it cannot be formatted.
    let expansion = supervisor_tree(input).to_string();
    for part in [
        "compile_error",
        "feed > :: spec (config)",
        "spec (addr)",
        ". children (extra .)",
    ] {
        assert!(expansion.contains(part), "{part} in {expansion}");
    }
    let input = "oops, feed(config), { listener(addr) }";
    check_expression(
        &supervisor_tree(input),
        &expect_file!["snapshots/tree_with_mistakes.rs"],
    );
}

/// Twice the children make twice the tokens, whatever they wait for.
#[test]
fn an_expansion_grows_with_what_is_written() {
    let size = |children: usize| {
        let mut tree = String::from("c0: feed(1),");
        for n in 1..children {
            let child = format!(
                "c{n}: feed({n}) {{ after = [c{}], shutdown = \"1s\" }},",
                n - 1
            );
            tree.push_str(&child);
        }
        tokens(supervisor_tree(&tree))
    };
    let (empty, some, twice) = (size(1), size(101), size(201));
    assert_eq!(twice - some, some - empty);
}

/// How many tokens there are, at every depth.
fn tokens(stream: TokenStream) -> usize {
    stream
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => 1 + tokens(group.stream()),
            TokenTree::Ident(_) | TokenTree::Literal(_) | TokenTree::Punct(_) => 1,
        })
        .sum()
}

fn check_items(items: TokenStream, snapshot: &ExpectFile) {
    let file = syn::parse2(items).expect("the expansion is made of items");
    snapshot.assert_eq(&prettyplease::unparse(&file));
}

fn check_expression(expression: &TokenStream, snapshot: &ExpectFile) {
    check_items(
        quote!(fn tree() -> SupervisorSpec { #expression }),
        snapshot,
    );
}
