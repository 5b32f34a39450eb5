//! Why an attempt was started.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an attempt was started; what [`TaskContext::start_reason`](crate::TaskContext::start_reason)
/// answers.
///
/// For code that does more after a failure than at the first start, such as to recover what the
/// attempt before has left half done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StartReason {
    /// The child was added at run time.
    Added,
    /// An operator or a program resumed or restarted it.
    Command,
    /// It is the first attempt of a child that the tree began with.
    #[default]
    First,
    /// A sibling failed, and the strategy takes this child along.
    Group,
    /// The attempt before ended, and the policy of the child starts it again.
    Restart,
    /// Its supervisor was started again, with all its children.
    Supervisor,
}

impl StartReason {
    /// All of them, in order.
    const ALL: [Self; 6] = [
        Self::Added,
        Self::Command,
        Self::First,
        Self::Group,
        Self::Restart,
        Self::Supervisor,
    ];

    pub(crate) const fn to_byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_byte(byte: u8) -> Self {
        Self::ALL
            .get(usize::from(byte))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for StartReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added => "added",
            Self::Command => "by command",
            Self::First => "first start",
            Self::Group => "restarted with its group",
            Self::Restart => "restarted",
            Self::Supervisor => "restarted with its supervisor",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_gives_back_the_reason() {
        for reason in StartReason::ALL {
            assert_eq!(StartReason::from_byte(reason.to_byte()), reason);
        }
    }
}
