//! What a user says of a supervisor: its children and its policy.

use std::fmt;
use std::time::Duration;

use super::child::{Body, ChildSpec};
use super::diagram::{self, Picture};
use super::policy::{
    AddPolicy, AutoShutdown, FirstStart, Intensity, OnExhausted, Pool, StartOrder, Strategy,
    WhileStarting,
};
use crate::id::types::ChildId;
use crate::template::Templates;

/// A supervisor: its children in start order, and its policy.
///
/// Written by `supervisor_tree!`, or by hand. The methods set one policy each; a later call wins.
/// Whether it is sound is checked when it is started, all mistakes at once.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use rust_supervisor::spec::child::ChildSpec;
/// use rust_supervisor::spec::policy::{Intensity, Strategy};
/// use rust_supervisor::spec::supervisor::SupervisorSpec;
///
/// let spec = SupervisorSpec::root(vec![
///     ChildSpec::from_fn("db", |_ctx| async {}),
///     ChildSpec::from_fn("api", |_ctx| async {}).after(["db"]),
/// ])
/// .strategy(Strategy::RestForOne)
/// .intensity(Intensity::new(5, Duration::from_secs(30)));
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct SupervisorSpec {
    pub(crate) init: Option<Box<ChildSpec>>,
    pub(crate) children: Vec<ChildSpec>,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Option<Intensity>,
    pub(crate) on_exhausted: OnExhausted,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) start: StartOrder,
    pub(crate) first_start: FirstStart,
    pub(crate) while_starting: WhileStarting,
    pub(crate) pool: Pool,
    pub(crate) add: AddPolicy,
    pub(crate) max_children: Option<usize>,
    pub(crate) history: Option<usize>,
    pub(crate) shutdown_within: Option<Duration>,
    pub(crate) templates: Templates,
    #[cfg(feature = "recorder")]
    pub(crate) record: Option<usize>,
    /// What it was made of, where a file has been applied.
    #[cfg(feature = "config")]
    pub(crate) configured: Option<Box<crate::config::reload::Configured>>,
}

impl SupervisorSpec {
    /// A supervisor with these children, started in this order.
    pub fn root(children: Vec<ChildSpec>) -> Self {
        Self {
            children,
            ..Self::default()
        }
    }

    /// Records what the tree is told, up to so many inputs: see [`recorder`](crate::recorder).
    ///
    /// Counts at the root of a tree. Every end of an attempt is one or two inputs, a command is one;
    /// an input is some 100 bytes, and an end keeps the error of the attempt.
    #[cfg(feature = "recorder")]
    pub const fn record(mut self, inputs: usize) -> Self {
        self.record = Some(inputs);
        self
    }

    /// Code that runs at every start of the supervisor, before its children start.
    ///
    /// It is a child like any other while it runs, and forgotten when it has ended. When it
    /// declines to run ([`TaskResult::Ignored`](crate::TaskResult::Ignored)), so does the
    /// supervisor; when it ends badly, the supervisor could not be started.
    pub fn init(mut self, init: ChildSpec) -> Self {
        self.init = Some(Box::new(init));
        self
    }

    /// Appends a child.
    pub fn child(mut self, child: ChildSpec) -> Self {
        self.children.push(child);
        self
    }

    /// Appends children.
    pub fn children(mut self, children: impl IntoChildren) -> Self {
        children.append_to(&mut self.children);
        self
    }

    /// Which siblings a restart takes along. Default: none.
    pub const fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How many restarts are accepted before the supervisor gives up.
    ///
    /// Default: 10 in 10 s for each child, summed into one counter. What is set here is a plain
    /// number, however many children there are.
    pub fn intensity(mut self, intensity: impl Into<Intensity>) -> Self {
        self.intensity = Some(intensity.into());
        self
    }

    /// What the supervisor does when there were more restarts than that. Default: it gives up.
    pub const fn on_exhausted(mut self, on_exhausted: OnExhausted) -> Self {
        self.on_exhausted = on_exhausted;
        self
    }

    /// Whether the end of children ends the supervisor. Default: never.
    pub const fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// Whether children start one after the other. Default: they do.
    pub const fn start(mut self, start: StartOrder) -> Self {
        self.start = start;
        self
    }

    /// What a failed first start of a critical child does. Default: the start fails.
    pub const fn first_start(mut self, first_start: FirstStart) -> Self {
        self.first_start = first_start;
        self
    }

    /// What a stop does to a child that is starting. Default: it ends the start.
    pub const fn while_starting(mut self, while_starting: WhileStarting) -> Self {
        self.while_starting = while_starting;
        self
    }

    /// Makes the supervisor a pool. Default: off.
    ///
    /// `true` sets no limit, a number the most instances at a time. A pool with static children is
    /// refused when the tree is started.
    pub fn pool(mut self, pool: impl Into<Pool>) -> Self {
        self.pool = pool.into();
        self
    }

    /// Whether children may be added at run time. Default: yes.
    pub const fn add(mut self, add: AddPolicy) -> Self {
        self.add = add;
        self
    }

    /// How many ends of each child are kept, with what was decided on them.
    ///
    /// Default: as in the supervisor above, and 8 at the root. They are kept from the first failure
    /// of a child on, and keep alive what their errors own; with 0 only the last end is known.
    pub const fn history(mut self, ends: usize) -> Self {
        self.history = Some(ends);
        self
    }

    /// The most children at a time, static ones included. Default: no limit.
    pub const fn max_children(mut self, limit: usize) -> Self {
        self.max_children = Some(limit);
        self
    }

    /// How long everything below the supervisor may take to stop. Default: as long as its parts.
    ///
    /// Each child then has its own budget or what is left of this, whichever is less. One whose
    /// budget is set and is more than this is refused when a tree is started.
    pub const fn shutdown_within(mut self, deadline: Duration) -> Self {
        self.shutdown_within = Some(deadline);
        self
    }
}

impl SupervisorSpec {
    /// Registers templates, for the files and manifests that this tree is described with.
    ///
    /// Adds to those already registered. They belong to the tree: those of a nested supervisor are
    /// known in all of it.
    pub fn templates(mut self, templates: Templates) -> Self {
        self.templates = self.templates.merged(templates);
        self
    }

    /// The templates of a tree, those of nested supervisors included.
    pub(crate) fn all_templates(&self) -> Templates {
        self.children
            .iter()
            .fold(self.templates.clone(), |templates, child| {
                match &child.body {
                    // What is nearer to the root counts.
                    Body::Supervisor(inner) => inner.all_templates().merged(templates),
                    Body::Declared | Body::Worker(_) => templates,
                }
            })
    }
}

/// Pictures of what is declared, before anything runs.
impl SupervisorSpec {
    /// The tree as text, for a log or a terminal.
    ///
    /// Children stand in the order in which they start. Settings are written as in
    /// `supervisor_tree!`; of those that are not set, `restart`, `shutdown`, `strategy` and
    /// `intensity` are shown.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use rust_supervisor::spec::policy::{Intensity, Strategy};
    /// use rust_supervisor::{ChildSpec, SupervisorSpec};
    ///
    /// let session = |region| ChildSpec::from_fn(region, |_ctx| async {});
    /// let gateway = SupervisorSpec::root(vec![session("eu"), session("us").after(["eu"])])
    ///     .strategy(Strategy::OneForAll)
    ///     .intensity(Intensity::new(5, Duration::from_secs(30)));
    /// let spec = SupervisorSpec::root(vec![
    ///     ChildSpec::from_fn("feed", |_ctx| async {}).shutdown(Duration::from_secs(10)),
    ///     ChildSpec::supervisor("gateway", gateway).after(["feed"]),
    /// ]);
    /// assert_eq!(
    ///     spec.text().to_string(),
    ///     r#"supervisor  strategy = "one_for_one", intensity = "10/10s" for each child
    /// ├── feed  restart = "transient", shutdown = "10s"
    /// └── gateway  after feed  restart = "permanent", strategy = "one_for_all", intensity = "5/30s"
    ///     ├── eu  restart = "transient", shutdown = "5s"
    ///     └── us  after eu  restart = "transient", shutdown = "5s""#
    /// );
    /// ```
    pub fn text(&self) -> impl fmt::Display {
        Picture::new(self, diagram::text)
    }

    /// The tree as a flow chart of Mermaid, for Markdown.
    ///
    /// Lines with a number lead from a supervisor to its children, in the order in which they
    /// start; dotted ones from a child to those that it is `after`.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::{ChildSpec, SupervisorSpec};
    ///
    /// let spec = SupervisorSpec::root(vec![
    ///     ChildSpec::from_fn("db", |_ctx| async {}),
    ///     ChildSpec::from_fn("api", |_ctx| async {}).after(["db"]),
    /// ]);
    /// let chart = spec.mermaid().to_string();
    /// assert!(chart.starts_with("flowchart TB\n    n0[\"supervisor<br>strategy = "));
    /// assert!(chart.contains("\n    n0 -->|1| n1\n    n0 -->|2| n2\n"));
    /// assert!(chart.ends_with("\n    n2 -.->|after| n1"));
    /// ```
    pub fn mermaid(&self) -> impl fmt::Display {
        Picture::new(self, diagram::mermaid)
    }

    /// The tree as a graph for Graphviz: `dot -Tsvg`.
    ///
    /// Drawn as by [`mermaid`](Self::mermaid).
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::{ChildSpec, SupervisorSpec};
    ///
    /// let spec = SupervisorSpec::root(vec![ChildSpec::from_fn("db", |_ctx| async {})]);
    /// let graph = spec.dot().to_string();
    /// assert!(graph.starts_with("digraph supervisor {"));
    /// assert!(graph.contains(r#"n0 -> n1 [label="1"];"#));
    /// ```
    pub fn dot(&self) -> impl fmt::Display {
        Picture::new(self, diagram::dot)
    }
}

/// What can be spliced into a tree: a child, or any number of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spliced into a supervisor",
    label = "must be a `ChildSpec`, or an iterator of them",
    note = "`Option<ChildSpec>`, `Vec<ChildSpec>` and any other `IntoIterator<Item = ChildSpec>` \
            will do; to splice a `SupervisorSpec`, give it a name: `name: ..expr`"
)]
pub trait IntoChildren {
    /// Appends the children, in order.
    fn append_to(self, children: &mut Vec<ChildSpec>);
}

impl IntoChildren for ChildSpec {
    fn append_to(self, children: &mut Vec<ChildSpec>) {
        children.push(self);
    }
}

impl<I: IntoIterator<Item = ChildSpec>> IntoChildren for I {
    fn append_to(self, children: &mut Vec<ChildSpec>) {
        children.extend(self);
    }
}

/// What can be spliced into a tree under a name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spliced into a supervisor under a name",
    label = "must be a `SupervisorSpec` or a `ChildSpec`",
    note = "to splice several children, leave the name out: `..expr`"
)]
pub trait IntoChild {
    /// The child of that name.
    fn into_child(self, name: impl Into<ChildId>) -> ChildSpec;
}

impl IntoChild for SupervisorSpec {
    fn into_child(self, name: impl Into<ChildId>) -> ChildSpec {
        ChildSpec::supervisor(name, self)
    }
}

impl IntoChild for ChildSpec {
    fn into_child(self, name: impl Into<ChildId>) -> ChildSpec {
        self.named(name)
    }
}
