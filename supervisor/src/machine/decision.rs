//! What an end means: OTP's table of restart type and reason (R12 to R14).

use crate::spec::policy::RestartPolicy;

/// The kinds of end that decisions distinguish.
#[cfg_attr(feature = "recorder", derive(serde::Serialize, serde::Deserialize))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExitClass {
    /// An error, a panic, a timeout, or an abort from outside.
    Abnormal,
    /// An error that says: do not try again.
    Fatal,
    /// The attempt declined to run, before it was ready (OTP's `ignore`).
    Ignored,
    /// `Ok`, `Cancelled`, or a supervisor that ended with `shutdown`.
    Normal,
}

impl ExitClass {
    /// What an end comes to that was brought about by a limit of time.
    pub(crate) const fn of_a_timeout(self) -> Self {
        match self {
            Self::Fatal => Self::Fatal,
            Self::Abnormal | Self::Ignored | Self::Normal => Self::Abnormal,
        }
    }
}

/// What follows from an end that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The child is removed from its supervisor.
    Forget,
    /// The supervisor gives up, as if its intensity were spent.
    GiveUp,
    /// The child stays in the list, down.
    Leave,
    /// Counted against the intensity, then restarted by strategy.
    Restart,
}

pub(super) const fn decide(restart: RestartPolicy, exit: ExitClass) -> Verdict {
    use ExitClass::{Abnormal, Fatal, Ignored, Normal};
    use RestartPolicy::{Permanent, Temporary, Transient};

    match (restart, exit) {
        (_, Fatal) => Verdict::GiveUp,
        (Temporary, Abnormal | Ignored | Normal) => Verdict::Forget,
        (Permanent, Abnormal | Ignored | Normal) | (Transient, Abnormal) => Verdict::Restart,
        (Transient, Ignored | Normal) => Verdict::Leave,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_otps() {
        use ExitClass::{Abnormal, Fatal, Ignored, Normal};
        use RestartPolicy::{Permanent, Temporary, Transient};

        for (restart, exit, verdict) in [
            (Permanent, Normal, Verdict::Restart),
            (Permanent, Ignored, Verdict::Restart),
            (Permanent, Abnormal, Verdict::Restart),
            (Transient, Normal, Verdict::Leave),
            (Transient, Ignored, Verdict::Leave),
            (Transient, Abnormal, Verdict::Restart),
            (Temporary, Normal, Verdict::Forget),
            (Temporary, Ignored, Verdict::Forget),
            (Temporary, Abnormal, Verdict::Forget),
            (Permanent, Fatal, Verdict::GiveUp),
            (Transient, Fatal, Verdict::GiveUp),
            (Temporary, Fatal, Verdict::GiveUp),
        ] {
            assert_eq!(decide(restart, exit), verdict, "{restart:?} {exit:?}");
        }
    }
}
