//! A kit for tests of supervised programs: children by script, and an observer of their tree.
//!
//! Meant for `[dev-dependencies]`; it enables tokio's `test-util`. With the paused clock
//! (`#[tokio::test(start_paused = true)]`) a test of minutes of back-off takes no time, and always
//! the same course.
//!
//! # Examples
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! use rust_supervisor::event::snapshot::ChildState;
//! use rust_supervisor::test_util::{Observer, Script, Turn};
//! use rust_supervisor::{Supervisor, SupervisorSpec};
//!
//! let feed = Script::new([Turn::fail("no route"), Turn::panic("bug"), Turn::run()]);
//! let spec = SupervisorSpec::root(vec![feed.child("feed")]);
//! let handle = Supervisor::start(spec).await?;
//! let mut observer = Observer::new(&handle);
//!
//! observer.wait_for_state("feed", ChildState::Backoff).await;
//! observer.step_backoff("feed").await;
//! observer.wait_for_state("feed", ChildState::Backoff).await;
//! observer.step_backoff("feed").await;
//! observer.assert_restarts("feed", 2);
//! observer.assert_order(&["+feed", "-feed", "+feed", "-feed", "+feed"]);
//! # Ok::<(), Box<dyn std::error::Error>>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod observer;
mod script;

pub use self::observer::Observer;
pub use self::script::{Script, Turn};
