//! What the machine lets go of, kept until the caller may run the code of users.

use std::sync::Arc;

use crate::event::exit::ExitRecord;
use crate::event::failure::Failure;
use crate::event::journal::Owner;
use crate::panics::drop_quietly;
use crate::spec::plan::PlannedBody;

/// Values that may run the code of users when they are dropped; the caller drops them, unlocked.
#[derive(Debug, Default)]
pub(crate) struct Trash {
    pub(crate) bodies: Vec<PlannedBody>,
    pub(crate) failures: Vec<Arc<Failure>>,
    pub(crate) records: Vec<Arc<ExitRecord>>,
}

impl Trash {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.failures.is_empty() && self.bodies.is_empty()
    }

    /// Drops each alone: a panic of one must not meet that of another.
    pub(crate) fn clear(&mut self) {
        // Records, and failures with them, see to it themselves.
        self.records.clear();
        self.failures.clear();
        for body in std::mem::take(&mut self.bodies) {
            drop_quietly(body);
        }
    }

    /// Whether dropping it may run the code of users.
    pub(crate) fn runs_user_code(&self) -> bool {
        let owns = |record: &Arc<ExitRecord>| record.error().is_some();
        !self.bodies.is_empty() || !self.failures.is_empty() || self.records.iter().any(owns)
    }

    /// Keeps what has gone from the journal and may own values of users.
    #[inline]
    pub(super) fn gone(&mut self, owner: Owner) {
        match owner {
            Owner::Exit(record) => self.records.push(record),
            Owner::Failure(failure) => self.failures.push(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::exit::ExitKind;
    use crate::event::failure::Why;

    fn record(kind: ExitKind) -> Owner {
        Owner::Exit(Arc::new(ExitRecord {
            kind,
            sub_task: None,
            generation: 0,
            attempt: 1,
            uptime: Duration::ZERO,
        }))
    }

    fn failure() -> Owner {
        Owner::Failure(Arc::new(Failure {
            supervisor: "".into(),
            why: Why::Fatal,
            at: Duration::ZERO,
            causes: Vec::new(),
            omitted: 0,
        }))
    }

    #[test]
    fn whatever_is_in_it_is_seen_and_goes() {
        let failed = || record(ExitKind::Failed("no".into()));
        for (owner, runs_user_code) in [
            (Some(record(ExitKind::Succeeded)), false),
            (Some(failed()), true),
            (Some(failure()), true),
            (None, true),
        ] {
            let mut trash = Trash::default();
            assert!(trash.is_empty() && !trash.runs_user_code());
            match owner {
                Some(owner) => trash.gone(owner),
                None => trash.bodies.push(PlannedBody::Declared),
            }
            assert!(!trash.is_empty());
            assert_eq!(trash.runs_user_code(), runs_user_code);
            trash.clear();
            assert!(trash.is_empty());
        }
    }
}
