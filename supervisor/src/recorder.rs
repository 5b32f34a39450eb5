//! The flight recorder: what led to an incident, as something that can be played again.
//!
//! A tree that is recorded ([`SupervisorSpec::record`](crate::SupervisorSpec::record)) keeps a log
//! of everything its machine is told: ends of attempts, commands, readiness, the time. A
//! [`Recording`] of it plays on a fresh machine, without a runtime and without the code of children,
//! and comes to the same events and the same snapshot. So an incident becomes a unit test:
//! [`Recording::test`] writes it.
//!
//! The log is bounded. When it is full it stays as it is: a recording is exact up to the end of its
//! log, and says where that is.
//!
//! # Examples
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use rust_supervisor::recorder::Recording;
//! use rust_supervisor::{ChildSpec, Supervisor, SupervisorSpec, TaskContext};
//!
//! let beat = ChildSpec::from_fn("beat", |ctx: TaskContext| async move { ctx.cancelled().await });
//! let handle = Supervisor::start(SupervisorSpec::root(vec![beat]).record(65_536)).await?;
//! handle.child("beat")?.restart().await?;
//!
//! let recording = handle.recording().expect("it is recorded");
//! let again = Recording::from_json(&recording.to_json()?)?.replay()?;
//! assert_eq!(again.snapshot.as_of_seq, handle.snapshot()?.as_of_seq);
//! assert_eq!(again.events.last().map(|event| event.seq), Some(again.snapshot.as_of_seq));
//! # Ok(()) }
//! ```

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::control::handle::TreeRef;
use crate::event::kind::Event;
use crate::event::snapshot::Snapshot;
use crate::id::paths::Paths;
use crate::machine::Machine;
use crate::machine::recorder::{Closed, Drawn, Head, Told};
use crate::machine::time::Nanos;
use crate::panics;
use crate::spec::plan::Plan;

/// The version of what a [`Recording`] serializes to; another one is not played.
const VERSION: u32 = 1;
/// Inputs that are copied in one hold.
const CHUNK: usize = 1_024;

/// What the machine of a tree was told, from its start on.
///
/// Made by [`TreeRef::recording`]. Serializes, with the texts of errors in place of the errors.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recording {
    version: u32,
    head: Arc<Head>,
    inputs: Vec<(u64, Told)>,
    /// When it was taken.
    until: u64,
    closed: Option<Closed>,
}

/// What a recording came to when it was played.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Replayed {
    /// All events, from number 1.
    pub events: Vec<Event>,
    /// The tree after the last of them.
    pub snapshot: Snapshot,
}

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// It is no recording, or not all of one.
    #[error("this is not a recording: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It was written by another version of this library.
    #[error(
        "a recording of version {found} cannot be played by version {VERSION}; play it with the release that wrote it"
    )]
    OtherVersion {
        /// Its version.
        found: u32,
    },
    /// What it says cannot have happened.
    #[error("this recording does not fit together: {message}; take it again")]
    Unplayable {
        /// Where that shows.
        message: String,
    },
}

impl Recording {
    /// Reads a recording that [`to_json`](Recording::to_json) has written.
    pub fn from_json(json: &str) -> Result<Self, RecordingError> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version: found } = serde_json::from_str(json)?;
        if found != VERSION {
            return Err(RecordingError::OtherVersion { found });
        }
        Ok(serde_json::from_str(json)?)
    }

    /// Writes the recording, for a file.
    pub fn to_json(&self) -> Result<String, RecordingError> {
        Ok(serde_json::to_string(self)?)
    }

    /// How many things the machine was told.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inputs.len()
    }

    /// Whether nothing was told, not even to start.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inputs.is_empty()
    }

    /// Whether all is there until it was taken: the log was not full, and the tree had not taken
    /// another configuration.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.closed.is_none()
    }

    /// All that a machine was told, in one go.
    #[cfg(test)]
    pub(crate) fn of(machine: &Machine) -> Option<Self> {
        let recorder = machine.recorder()?;
        Some(Self {
            version: VERSION,
            head: Arc::clone(&recorder.head),
            inputs: recorder.log.clone(),
            until: machine.now().0,
            closed: recorder.closed,
        })
    }

    /// Plays the recording on a fresh machine.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Unplayable`] where somebody has changed it to what cannot be.
    pub fn replay(&self) -> Result<Replayed, RecordingError> {
        // Errors of users have one owner; a copy has their texts.
        let copy = Self::from_json(&self.to_json()?)?;
        catch_unwind(AssertUnwindSafe(|| copy.play())).map_err(|payload| {
            let message = payload.downcast_ref::<String>().cloned();
            panics::forget(payload);
            RecordingError::Unplayable {
                message: message.unwrap_or_else(|| "it names what is not there".to_owned()),
            }
        })
    }

    fn play(self) -> Replayed {
        let complete = self.is_complete();
        let nodes = self.head.nodes.iter().cloned().map(Drawn::into_node);
        let nodes: Vec<_> = nodes.collect();
        let mut paths = Paths::default();
        for (place, node) in nodes.iter().enumerate() {
            let at = u32::try_from(place).expect("fewer nodes than u32::MAX");
            paths.insert(at, &node.path, |place| &*nodes[place as usize].path);
        }
        let (mut machine, _) = Machine::new(Plan { nodes, paths }, self.head.seed);
        let (mut events, mut seen) = (Vec::new(), 0);
        for (at, told) in self.inputs {
            machine.play(at, told);
            while machine.poll_action().is_some() {}
            machine.journal().read(seen, usize::MAX, &mut events);
            seen = machine.journal().seq();
        }
        if complete {
            machine.observe_time(Nanos(self.until));
        }
        Replayed {
            events,
            snapshot: machine.snapshot(),
        }
    }

    /// The source of a test that plays this recording, from the file `{name}.json` beside it, and
    /// asserts every event that it led to.
    ///
    /// Write [`to_json`](Recording::to_json) there, and change what the test expects to what should
    /// have happened.
    pub fn test(&self, name: &str) -> Result<String, RecordingError> {
        let lines = self.replay()?.lines();
        let mut code = format!(
            "#[test]\nfn {name}() {{\n    \
             let recording = include_str!(\"{name}.json\");\n    \
             let recording = rust_supervisor::recorder::Recording::from_json(recording);\n    \
             let replayed = recording.and_then(|recording| recording.replay());\n    \
             let replayed = replayed.expect(\"a recording\");\n    \
             let expected = [\n"
        );
        for line in lines {
            // Writing to a string does not fail.
            let _ = writeln!(code, "        {line:?},");
        }
        code.push_str("    ];\n    assert_eq!(replayed.lines(), expected);\n}\n");
        Ok(code)
    }
}

impl Replayed {
    /// Every event, as one line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let line = |event: &Event| format!("{} {event}", event.seq);
        self.events.iter().map(line).collect()
    }
}

impl TreeRef {
    /// What the tree's machine was told so far; `None` where the tree is not recorded.
    #[must_use]
    pub fn recording(&self) -> Option<Recording> {
        let tree = self.tree();
        let (mut inputs, mut rest) = (Vec::new(), None);
        while rest.is_none() {
            let copied = tree.read(|machine| {
                let recorder = machine.recorder()?;
                let from = inputs.len();
                let to = recorder.log.len().min(from + CHUNK);
                inputs.extend_from_slice(&recorder.log[from..to]);
                let all = to == recorder.log.len();
                let head = Arc::clone(&recorder.head);
                Some(all.then(|| (head, machine.now(), recorder.closed)))
            });
            rest = copied.ok()??;
        }
        let (head, until, closed) = rest?;
        Some(Recording {
            version: VERSION,
            head,
            inputs,
            until: until.0,
            closed,
        })
    }
}
