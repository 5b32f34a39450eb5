//! The macros of rust-tokio-supervisor.
//!
//! Use them through the library, `rust_supervisor`, which re-exports both: what they write speaks
//! to the library of the same version.
//!
//! # The walk
//!
//! ```text
//! #[supervised(..)] fn feed      function/parse.rs      its signature; the body is left alone
//!                                function/parameter.rs  how each value survives a restart
//! supervisor_tree! { .. }        tree/parse.rs          entry by entry, going on after a mistake
//! key = value                    setting/               the same for both, by one table
//!                                */validate.rs          the rules, and nothing but rules
//!                                expand/                tokens, and nothing but tokens
//!                                expand/fallback.rs     what stands beside the errors
//! ```

mod diagnostics;
mod expand;
mod function;
mod setting;
#[cfg(test)]
mod tests;
mod tree;

use proc_macro::TokenStream;

/// Makes a function a child that can be supervised.
///
/// Beside the function, which stays as it is and can be called by a unit test like any other, it
/// declares `spec`: the child, with the values that its attempts will receive.
///
/// ```
/// use rust_supervisor::{SupervisorSpec, TaskContext, supervised};
/// use tokio::sync::mpsc;
/// # #[derive(Clone)] pub struct Config;
/// # pub struct Cache;
/// # pub struct Job;
/// # pub type FeedError = std::io::Error;
///
/// /// Mirrors the exchange feed into the cache.
/// #[supervised(backoff = "100ms..30s", shutdown = "10s", readiness = "explicit")]
/// pub async fn feed(
///     ctx: TaskContext,
///     config: Config,
///     cache: &Cache,
///     jobs: &mut mpsc::Receiver<Job>,
/// ) -> Result<(), FeedError> {
///     ctx.mark_ready();
///     while let Some(job) = ctx.until_cancelled(jobs.recv()).await.flatten() {
///         // ..
///         # let _ = (&config, cache, job);
///     }
///     Ok(())
/// }
///
/// # let (_, receiver) = mpsc::channel(1);
/// let child = feed::spec(Config, Cache, receiver);
/// # drop(SupervisorSpec::root(vec![child]));
/// ```
///
/// # Parameters
///
/// The form of a parameter says how its value survives a restart:
///
/// | parameter | each attempt receives | `spec` takes | which must be |
/// | --- | --- | --- | --- |
/// | `TaskContext` | a context of its own | nothing | |
/// | `T` | a clone | `T` | `Clone + Send + Sync + 'static` |
/// | `&T` | a borrow of the one value | `T` | `Send + Sync + 'static` |
/// | `&mut T` | the one value, which it gives back | `T` | `Send + 'static` |
///
/// A value that is lent comes back even from an attempt that panicked or was dropped, as that
/// attempt has left it: what is still queued in a receiver is not lost. A `&'static T` is a value
/// like any other, and is copied. Any other borrow inside of what is kept, as in `Vec<&str>`, is a
/// mistake: take what owns its data.
///
/// The context is recognized by its name. A function without one cannot hear that it is to stop:
/// it is dropped at its next await.
///
/// # Results
///
/// `()`, `!`, `TaskResult`, or `Result<(), E>` with any error that converts into
/// `Box<dyn Error + Send + Sync>`.
///
/// # Settings
///
/// Words, durations and rates are strings. Anything else is a Rust expression of the type that the
/// setter of the same name on `ChildSpec` takes: `shutdown = GRACE`. A duration is a whole number
/// and one of `ms`, `s`, `m` and `h`. A flag may stand alone: `significant`. What a tree or a
/// later call of a setter says overrides what stands here.
///
#[doc = include_str!("../docs/settings_of_children.md")]
///
/// `after` belongs to a tree, where the siblings are; so does a name other than the function's.
///
/// # Blocking functions
///
/// ```
/// # use std::{io, path::PathBuf};
/// # use rust_supervisor::{TaskContext, supervised};
/// #[supervised(blocking)]
/// fn index(ctx: TaskContext, path: PathBuf) -> io::Result<()> {
///     for entry in path.read_dir()? {
///         if ctx.is_cancelled() {
///             break;
///         }
///         // ..
///         # let _ = entry;
///     }
///     Ok(())
/// }
/// ```
///
/// # Where it can stand
///
/// On free functions, generic ones and those inside of other functions included. A method has no
/// place for what is declared beside it (`enum is not supported in impls`, says the compiler where
/// it has no receiver): forward to it from a free function. What is declared is an `enum feed {}`
/// that nobody can have a value of; it shares its name with the function and must not share it with
/// a module or a type. A crate of that name is written with a leading `::` in the same module.
/// `#[cfg]` and `#[deprecated]` hold for it too. If the library goes by another name,
/// `crate = "::name"` says so.
#[proc_macro_attribute]
pub fn supervised(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::supervised(arguments.into(), &item.into()).into()
}

/// Declares a tree of supervisors and children: an expression of type `SupervisorSpec`.
///
/// ```
/// use rust_supervisor::{ChildSpec, SupervisorSpec, supervised, supervisor_tree};
/// # mod risk { #[rust_supervisor::supervised] pub async fn run(limits: u8) { let _ = limits; } }
/// # mod billing {
/// #     pub fn tree() -> rust_supervisor::SupervisorSpec { rust_supervisor::supervisor_tree! {} }
/// # }
///
/// #[supervised]
/// async fn feed(config: String) {
///     // ..
///     # drop(config);
/// }
///
/// #[supervised]
/// async fn session(region: &'static str) {
///     // ..
///     # let _ = region;
/// }
///
/// fn tree(config: String, extra: Vec<ChildSpec>) -> SupervisorSpec {
///     supervisor_tree! {
///         strategy = "rest_for_one",
///         intensity = "5/30s",
///
///         feed(config),
///         risk: risk::run(42) { after = [feed], shutdown = "30s" },
///
///         gateway: {
///             strategy = "one_for_all",
///             eu: session("eu"),
///             #[cfg(unix)]
///             us: session("us") { after = [eu] },
///         },
///
///         uploads: { pool = 1_000 },
///         ..extra,
///         billing: ..billing::tree(),
///     }
/// }
/// # drop(tree(String::new(), Vec::new()));
/// ```
///
/// What it declares can be looked at before anything runs, as text and as a picture for Mermaid and
/// Graphviz:
///
/// ```
/// # use rust_supervisor::{supervised, supervisor_tree};
/// # #[supervised] async fn feed(config: String) { drop(config); }
/// # #[supervised] async fn session(region: &'static str) { let _ = region; }
/// let spec = supervisor_tree! {
///     strategy = "rest_for_one",
///     intensity = "5/30s",
///     feed("db:5432".to_owned()) { shutdown = "abort", critical = false },
///     gateway: {
///         after = [feed],
///         strategy = "one_for_all",
///         eu: session("eu"),
///         us: session("us") { after = [eu] },
///     },
/// };
/// assert_eq!(
///     spec.text().to_string(),
///     r#"supervisor  strategy = "rest_for_one", intensity = "5/30s"
/// ├── feed  restart = "transient", shutdown = "abort", critical = false
/// └── gateway  after feed  restart = "permanent", strategy = "one_for_all", intensity = "10/10s" for each child
///     ├── eu  restart = "transient", shutdown = "abort"
///     └── us  after eu  restart = "transient", shutdown = "abort""#
/// );
/// ```
///
/// # Grammar
///
/// ```text
/// tree    = { entry "," }
/// entry   = key "=" value                                    a setting of this supervisor
///         | [ name ":" ] path "(" args ")" [ "{" settings "}" ]                   a child
///         | name ":" "{" tree "}"                              a nested supervisor
///         | [ name ":" ] ".." expr          children that are declared somewhere else
/// ```
///
/// A child is a use of a function with `#[supervised]`: `feed(config)` is `feed::spec(config)`,
/// its arguments are what `spec` takes, and the braces after it hold the settings that are
/// different for this use. Without a name of its own it has that of the function. A splice is
/// anything that is `IntoChildren`; one with a name is one `SupervisorSpec` or `ChildSpec`. Any
/// entry, and any setting in braces, may have a `#[cfg(..)]`.
///
/// A name is an identifier; one that is none, as `"eu-1"`, is written as a string.
///
/// # Settings of a supervisor
///
#[doc = include_str!("../docs/settings_of_supervisors.md")]
///
/// The braces of a nested supervisor also take what it is to its own parent: `restart`, `backoff`,
/// `fuse`, `significant`, `critical`, `tags` and `after`. Those of a child take all settings of a
/// function but `blocking`, `local` and `crate`, and `after`: siblings that must be ready before it starts, and which
/// come before it unless `start = "concurrent"`.
///
/// # What is checked
///
/// Settings and their values, contradictions within one place, names, dependencies and their
/// cycles are checked when the tree is compiled, all in one run. What is only known at run time,
/// such as the names that a splice brings, is checked when the tree is started.
///
/// Names and types are the compiler's to check. What it says of them is about what is written beside
/// a function by `#[supervised]`:
///
/// | the compiler says | what to do |
/// | --- | --- |
/// | `expected type, found function` | write `#[supervised]` above that function |
/// | `cannot find type` | mend the name, or import the function |
/// | `this function takes 2 arguments` | give what its `spec` takes: all but the context |
#[proc_macro]
pub fn supervisor_tree(input: TokenStream) -> TokenStream {
    expand::supervisor_tree(input.into()).into()
}
