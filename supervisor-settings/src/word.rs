//! Settings that take one of a closed set of words, such as `"transient"`.

use std::fmt;

use crate::suggest::Unknown;

/// The words of one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// What the words are, for messages: `restart policy`.
    pub noun: &'static str,
    /// The enum of the library whose variants they name: `RestartPolicy`.
    pub policy: &'static str,
    /// The words; each is the name of its variant in snake case.
    pub words: &'static [&'static str],
}

/// What a supervisor does about a child that cannot be stopped.
pub const ON_STUCK: Vocabulary = Vocabulary {
    noun: "policy for what is stuck",
    policy: "OnStuck",
    words: &["wait", "escalate"],
};

/// What a supervisor does when its restarts are used up.
pub const ON_EXHAUSTED: Vocabulary = Vocabulary {
    noun: "policy for exhaustion",
    policy: "OnExhausted",
    words: &["escalate", "quarantine", "shutdown"],
};

/// When a child is started again.
pub const RESTART: Vocabulary = Vocabulary {
    noun: "restart policy",
    policy: "RestartPolicy",
    words: &["permanent", "transient", "temporary"],
};

/// When a start counts as complete.
pub const READINESS: Vocabulary = Vocabulary {
    noun: "readiness",
    policy: "Readiness",
    words: &["immediate", "explicit", "completed"],
};

/// Which siblings a restart takes along.
pub const STRATEGY: Vocabulary = Vocabulary {
    noun: "strategy",
    policy: "Strategy",
    words: &["one_for_one", "one_for_all", "rest_for_one", "dependents"],
};

/// When a supervisor shuts down by itself.
pub const AUTO_SHUTDOWN: Vocabulary = Vocabulary {
    noun: "auto-shutdown",
    policy: "AutoShutdown",
    words: &["never", "any_significant", "all_significant", "all_ended"],
};

/// In which order children start.
pub const START: Vocabulary = Vocabulary {
    noun: "start order",
    policy: "StartOrder",
    words: &["ordered", "concurrent"],
};

/// What a failed first start does.
pub const FIRST_START: Vocabulary = Vocabulary {
    noun: "first start",
    policy: "FirstStart",
    words: &["fail", "retry"],
};

/// What a stop does to a child that is starting.
pub const WHILE_STARTING: Vocabulary = Vocabulary {
    noun: "policy while starting",
    policy: "WhileStarting",
    words: &["interrupt", "wait"],
};

/// Whether children may be added at run time.
pub const ADD: Vocabulary = Vocabulary {
    noun: "add policy",
    policy: "AddPolicy",
    words: &["yes", "no"],
};

impl Vocabulary {
    /// Finds `text` among the words.
    ///
    /// ```
    /// use rust_supervisor_settings::word::RESTART;
    ///
    /// assert_eq!(RESTART.find("transient").unwrap().variant(), "Transient");
    /// assert!(RESTART.find("transiant").is_err());
    /// ```
    pub fn find(&'static self, text: &str) -> Result<Word, Unknown> {
        match self.words.iter().find(|word| **word == text) {
            Some(word) => Ok(Word {
                vocabulary: self,
                text: word,
            }),
            None => Err(Unknown::new(self.noun, text, self.words.iter().copied())),
        }
    }
}

/// One word of a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// Where the word is from.
    pub vocabulary: &'static Vocabulary,
    /// The word itself.
    pub text: &'static str,
}

impl Word {
    /// The variant of the library's enum that the word names: `OneForAll` for `one_for_all`.
    #[must_use]
    pub fn variant(&self) -> String {
        let mut variant = String::with_capacity(self.text.len());
        for part in self.text.split('_') {
            let (first, rest) = part.split_at(1);
            variant.push_str(&first.to_ascii_uppercase());
            variant.push_str(rest);
        }
        variant
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_variant() {
        assert_eq!(STRATEGY.find("one_for_all").unwrap().variant(), "OneForAll");
        assert_eq!(AUTO_SHUTDOWN.find("never").unwrap().variant(), "Never");
    }

    #[test]
    fn a_word_that_is_none_is_named_with_its_noun() {
        assert_eq!(
            RESTART.find("transiant").unwrap_err().to_string(),
            "unknown restart policy `transiant`; did you mean `transient`?\n\
             expected one of: `permanent`, `transient`, `temporary`"
        );
    }
}
