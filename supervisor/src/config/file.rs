//! What a tree file says, applied to a tree.

use super::apply;
use super::document::What;
use super::problem::{InvalidConfig, Mistake, Source};
use super::reload::Configured;
use super::shape::TreeConfig;
use crate::spec::supervisor::SupervisorSpec;
use crate::template::Templates;

/// A tree, or a change of one, as a file describes it.
///
/// Where a file is unreadable from some place on, reading it fails. Everything else is found, all at
/// once, when the file is applied: what cannot be meant, such as a key that is there twice, and what
/// cannot be.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "config-yaml")] {
/// use rust_supervisor::config::file::TreeFile;
/// use rust_supervisor::{TaskContext, supervised, templates};
///
/// #[supervised(template)]
/// async fn feed(ctx: TaskContext, url: String) {
///     // ..
/// #   let _ = (ctx, url);
/// }
///
/// let file = TreeFile::yaml("tree.yaml", "
/// intensity: 5/30s
/// children:
///   - template: feed
///     args: { url: 'wss://example.org' }
///     backoff: 100ms..30s
/// ").unwrap();
/// let spec = file.tree(templates![feed]).unwrap();
/// # drop(spec);
///
/// let file = TreeFile::yaml("tree.yaml", "children:\n  - template: fead\n").unwrap();
/// let error = file.tree(templates![feed]).unwrap_err().to_string();
/// assert!(error.starts_with("tree.yaml:2:15: unknown template `fead`; did you mean `feed`?"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TreeFile {
    pub(super) config: TreeConfig,
    pub(super) source: Source,
    /// What is wrong with its shape.
    pub(super) mistakes: Vec<Mistake>,
}

impl TreeFile {
    /// What it says, as plain data.
    ///
    /// What is wrong, in its text or in its shape, is missing here; [`TreeFile::apply`] says so.
    #[must_use]
    pub const fn config(&self) -> &TreeConfig {
        &self.config
    }

    /// The whole tree that it describes, made of these templates.
    pub fn tree(&self, templates: Templates) -> Result<SupervisorSpec, InvalidConfig> {
        self.apply(SupervisorSpec::root(Vec::new()).templates(templates))
    }

    /// What it says, on top of a tree that code declares.
    ///
    /// Its settings win over those of the tree, its children stand behind those of the tree, and
    /// its overlays are for all of them. The templates that it names are those that are
    /// [registered](SupervisorSpec::templates) with the tree. A tree that is started from the
    /// result can be [reloaded](crate::TreeRef::reload) with another file.
    ///
    /// # Errors
    ///
    /// All mistakes of the file at once; also what is not sound in the tree itself.
    pub fn apply(&self, mut base: SupervisorSpec) -> Result<SupervisorSpec, InvalidConfig> {
        let outlined = base.outlined();
        base.configured = None;
        let mut mistakes = self.mistakes.clone();
        match apply::apply(&self.config, base) {
            Ok(mut spec) if mistakes.is_empty() && self.source.unread.is_empty() => {
                spec.configured = Some(Box::new(Configured::new(outlined, self.clone())));
                Ok(spec)
            }
            Ok(_) => Err(self.source.invalid(&mistakes)),
            Err(more) => {
                // What has not the shape of a thing has nothing else to say.
                let shapeless = |steps: &Vec<String>| {
                    self.mistakes.iter().any(|mistake| mistake.steps == *steps)
                };
                let more = more.into_iter();
                mistakes.extend(more.filter(|mistake| !shapeless(&mistake.steps)));
                Err(self.source.invalid(&mistakes))
            }
        }
    }
}

impl TreeFile {
    /// A mistake in a setting of the root.
    pub(super) fn at_the_top(&self, key: &str, message: &str) -> InvalidConfig {
        let steps = [key.to_owned()];
        self.source
            .invalid(&[Mistake::new(&steps, What::Key, message)])
    }
}

impl From<TreeConfig> for TreeFile {
    fn from(config: TreeConfig) -> Self {
        Self {
            config,
            source: Source::default(),
            mistakes: Vec::new(),
        }
    }
}

impl TreeConfig {
    /// The whole tree that it describes, made of these templates.
    pub fn tree(&self, templates: Templates) -> Result<SupervisorSpec, InvalidConfig> {
        TreeFile::from(self.clone()).tree(templates)
    }

    /// What it says, on top of a tree that code declares: see [`TreeFile::apply`].
    pub fn apply(&self, base: SupervisorSpec) -> Result<SupervisorSpec, InvalidConfig> {
        TreeFile::from(self.clone()).apply(base)
    }
}
