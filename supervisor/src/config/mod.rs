//! Trees that are described, or tuned, from outside.
//!
//! A file can describe a whole tree, of [templates](crate::template) that the program registers; it
//! can set what is different for children that code declares, by path or by tag; and it can do
//! both. Settings have the keys and the values that they have in `supervisor_tree!`, and the
//! later place wins: what is built in, the attribute, the tree, the file.
//!
//! ```yaml
//! # Settings of the root, as in `supervisor_tree!`.
//! strategy: rest_for_one
//! intensity: 5/30s
//!
//! # Children in start order, behind those that code declares.
//! children:
//!   - template: feed
//!     args: { url: "wss://example.org/feed" }
//!     backoff: 100ms..30s
//!   - name: gateway
//!     strategy: one_for_all
//!     children:
//!       - { template: listener, args: { port: 8080 } }
//!       - { name: eu, template: session, args: { region: eu }, after: [listener] }
//!
//! # Settings for whatever a path or a tag selects; a later one wins.
//! overlay:
//!   - path: gateway/eu
//!     shutdown: 30s
//!   - tag: batch
//!     restart: temporary
//! ```
//!
//! Every key with its default stands in the commented example that [`example`] writes; it and the
//! JSON Schema stand in `supervisor/docs`, too.
//!
//! # A tree that runs
//!
//! A tree that was started from a file can be given another one:
//! [`TreeRef::plan_reload`](crate::TreeRef::plan_reload) shows what that changes, and
//! [`TreeRef::reload`](crate::TreeRef::reload) does it. A number that is different is exchanged where
//! it stands; what has to stop or to start does so in order, once the supervisor has nothing else
//! under way. What operators have done is not undone.
//!
//! # Where things are
//!
//! | module | what is there |
//! | --- | --- |
//! | [`file`](mod@file) | [`TreeFile`](file::TreeFile): read from YAML or TOML, applied to a tree |
//! | [`shape`] | the same as plain data, to be read with `serde` from anything |
//! | [`problem`] | what is wrong with a file, and where |
//! | [`reload`] | what a new file would change in a tree that runs |
//!
//! # Limits
//!
//! A file of more than 1 MiB is not read; one that is nested deeper than 160 levels, or has more
//! than 100 000 values, those that YAML's aliases repeat included, is refused where that shows.
//! YAML is that of version 1.2: `no` and `on` are texts.

#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "a manifest is a part of what a file can say")
)]
pub(crate) mod apply;
#[cfg(feature = "config")]
pub(crate) mod diff;
#[cfg_attr(
    not(all(feature = "config-yaml", feature = "manifest")),
    allow(dead_code, reason = "each format reads it, and each in its way")
)]
pub(crate) mod document;
#[cfg(feature = "config")]
pub mod example;
#[cfg(feature = "config")]
pub mod file;
#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "a manifest is a part of what a file can say")
)]
pub(crate) mod keys;
#[cfg(any(feature = "config-yaml", feature = "config-toml"))]
mod load;
mod overlay;
pub mod problem;
#[cfg(feature = "config")]
pub mod reload;
#[cfg(feature = "schema")]
pub mod schema;
pub(crate) mod setting;
#[cfg_attr(
    not(feature = "config"),
    allow(dead_code, reason = "a manifest is a part of what a file can say")
)]
pub mod shape;
#[cfg(feature = "config")]
mod shown;
#[cfg(feature = "config-toml")]
pub(crate) mod toml;
#[cfg(any(feature = "config-yaml", feature = "manifest"))]
pub(crate) mod yaml;
