//! Templates: children that can be started by name, with arguments that come from outside.
//!
//! A file or a manifest cannot hand over code; it names a template, and the arguments for it. Which
//! templates there are is said where the tree is: nothing registers itself before `main`.
//!
//! ```
//! use rust_supervisor::template::Template;
//! use rust_supervisor::{SupervisorSpec, TaskContext, supervised, templates};
//!
//! /// Mirrors a feed.
//! #[supervised(template, shutdown = "10s")]
//! async fn feed(ctx: TaskContext, url: String, every: Option<u64>) {
//!     // ..
//! #   let _ = (ctx, url, every);
//! }
//!
//! let templates = templates![feed];
//! assert_eq!(templates.get("feed").map(Template::to_string).as_deref(), Some(
//!     "feed(url: String, every?: Option<u64>)"
//! ));
//! let spec = SupervisorSpec::root(vec![]).templates(templates);
//! # drop(spec);
//! ```

mod arguments;
mod read;
mod value;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use self::arguments::{Argument, ArgumentProblem, Arguments, Description};
pub use self::value::Value;
use crate::spec::child::{ChildSpec, Origin};
use rust_supervisor_settings::suggest::Unknown;

/// A child that is made by name, from arguments that are read.
///
/// Written by `#[supervised(template)]`, where every argument can be read; or made by hand with
/// [`Template::new`], where code has something to add that no file can hand over: a pool of
/// connections, the other end of a channel.
#[derive(Clone)]
pub struct Template {
    name: Arc<str>,
    inner: Arc<Inner>,
}

struct Inner {
    /// What there is to say of it.
    doc: &'static str,
    /// Its settings, as they are written on the function.
    settings: &'static [(&'static str, &'static str)],
    arguments: Vec<Argument>,
    /// All names that it takes are known.
    closed: bool,
    make: Make,
}

type Make = Box<dyn Fn(&mut Arguments<'_>) -> Option<ChildSpec> + Send + Sync>;

/// The function of a template, as `templates!` finds it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a template",
    label = "not declared as a template",
    note = "write `#[supervised(template)]` on the function"
)]
pub trait IntoTemplate {
    /// The template.
    fn template() -> Template;
}

impl Template {
    /// A template by hand: its arguments are read as one value of type `A`, a struct as a rule.
    ///
    /// A key that `A` does not know is refused. The closure is called for every child that is made
    /// of the template; the child that it answers is named by whoever makes it.
    ///
    /// # Examples
    ///
    /// ```
    /// use rust_supervisor::template::{Template, Templates};
    /// use rust_supervisor::{TaskContext, supervised};
    /// use tokio::sync::mpsc;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Upload {
    ///     bucket: String,
    /// }
    ///
    /// #[supervised]
    /// async fn upload(ctx: TaskContext, bucket: String, jobs: mpsc::Sender<u32>) {
    ///     // ..
    /// #   let _ = (ctx, bucket, jobs);
    /// }
    ///
    /// let (jobs, _receiver) = mpsc::channel(8);
    /// let template = Template::new("upload", move |arguments: Upload| {
    ///     upload::spec(arguments.bucket, jobs.clone())
    /// });
    /// let templates = Templates::new([template]);
    /// # drop(templates);
    /// ```
    pub fn new<A, F>(name: impl Into<Arc<str>>, make: F) -> Self
    where
        A: DeserializeOwned,
        F: Fn(A) -> ChildSpec + Send + Sync + 'static,
    {
        let fields = read::fields_of::<A>();
        let named = fields.unwrap_or_default().iter();
        Self {
            name: name.into(),
            inner: Arc::new(Inner {
                doc: "",
                settings: &[],
                arguments: named.map(|name| Argument::unknown(name)).collect(),
                closed: fields.is_some(),
                make: Box::new(move |arguments| arguments.all().map(&make)),
            }),
        }
    }

    /// What generated code calls.
    pub(crate) fn of_function(
        name: &'static str,
        doc: &'static str,
        settings: &'static [(&'static str, &'static str)],
        arguments: Vec<Argument>,
        make: impl Fn(&mut Arguments<'_>) -> Option<ChildSpec> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            inner: Arc::new(Inner {
                doc,
                settings,
                arguments,
                closed: true,
                make: Box::new(make),
            }),
        }
    }

    /// The same template under another name, for instance where two have the same.
    #[must_use]
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// The name that a file calls it by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The documentation of its function.
    #[must_use]
    pub fn doc(&self) -> &str {
        self.inner.doc
    }

    /// The settings that stand on its function, as they are written there; a file overrides them.
    #[must_use]
    pub fn settings(&self) -> &[(&'static str, &'static str)] {
        self.inner.settings
    }

    /// What it takes. For a template by hand whose type tells nothing, this is empty.
    #[must_use]
    pub fn arguments(&self) -> &[Argument] {
        &self.inner.arguments
    }

    /// Whether it is known that there is nothing for it to take.
    #[cfg(feature = "schema")]
    pub(crate) fn takes_nothing(&self) -> bool {
        self.inner.closed && self.inner.arguments.is_empty()
    }

    /// Makes a child of it; all mistakes at once.
    ///
    /// The child has the name of the template.
    pub fn make(
        &self,
        values: &BTreeMap<String, Value>,
    ) -> Result<ChildSpec, Vec<ArgumentProblem>> {
        let mut arguments = Arguments::new(values);
        if self.inner.closed {
            for name in values.keys() {
                let mut known = self.inner.arguments.iter();
                if !known.any(|argument| argument.name() == name) {
                    let known = self.inner.arguments.iter().map(Argument::name);
                    let unknown = Unknown::new("argument", name, known);
                    arguments.report(name, unknown.to_string());
                }
            }
        }
        let made = (self.inner.make)(&mut arguments);
        match (made, arguments.into_problems()) {
            (Some(child), problems) if problems.is_empty() => {
                let mut child = child.named(&*self.name);
                child.origin = Some(Box::new(Origin {
                    template: Arc::clone(&self.name),
                    arguments: Some(values.clone()),
                }));
                Ok(child)
            }
            (_, problems) => Err(problems),
        }
    }
}

impl fmt::Display for Template {
    /// Its name and its arguments, as a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (place, argument) in self.inner.arguments.iter().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{argument}")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

/// The templates that a tree may be described with.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Templates {
    all: Vec<Template>,
}

impl Templates {
    /// These templates; of two with the same name, the later one counts.
    pub fn new(templates: impl IntoIterator<Item = Template>) -> Self {
        let mut all = Self::default();
        for template in templates {
            all = all.with(template);
        }
        all
    }

    /// Adds a template, in place of one that has its name.
    pub fn with(mut self, template: Template) -> Self {
        self.all.retain(|other| other.name != template.name);
        self.all.push(template);
        self
    }

    /// Adds templates.
    pub(crate) fn merged(self, others: Self) -> Self {
        others.all.into_iter().fold(self, Self::with)
    }

    /// The template of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.all.iter().find(|template| &*template.name == name)
    }

    /// All of them, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.all.iter()
    }

    /// Finds a template, or says which there are.
    #[cfg(any(feature = "config", feature = "manifest"))]
    pub(crate) fn find(&self, name: &str) -> Result<&Template, Unknown> {
        self.get(name).ok_or_else(|| {
            let known = self.iter().map(Template::name);
            Unknown::new("template", name, known)
        })
    }
}

/// Registers functions that are `#[supervised(template)]`: `templates![feed, gateway::session]`.
///
/// The result is a [`Templates`](crate::template::Templates), to which templates that are made by
/// hand can be added.
#[macro_export]
macro_rules! templates {
    ($($function:path),* $(,)?) => {
        $crate::template::Templates::new([
            $(<$function as $crate::template::IntoTemplate>::template()),*
        ])
    };
}
