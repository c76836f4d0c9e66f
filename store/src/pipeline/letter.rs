//! Dead letters: the records that a pipeline refused, what people do about them, and what comes of that.
//!
//! *Invariant:* a letter that waits is never forgotten. It is tried again by an event, which the pipeline reads in its order
//! like any other; or somebody discards it, and says why.

mod act;
mod read;
mod write;

pub use act::{DiscardDeadLetter, REASON_CHARACTERS_MAX, RetryDeadLetter};
pub use read::{DeadLetter, LetterRecord};
pub(crate) use write::count;
pub use write::{StoredLetter, answer_letters, answer_letters_before, refused, write_letters};

use std::str::FromStr;

/// What has become of a refused record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// It waits for somebody.
    Waiting,
    /// It is on its way once more.
    Retrying,
    /// It was taken when it was tried again.
    Taken,
    /// Somebody said that nobody misses it.
    Discarded,
}

impl LetterState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Retrying, Self::Taken, Self::Discarded];

    /// The word in the API and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Taken => "taken",
            Self::Discarded => "discarded",
        }
    }
}

/// The text is no state of a dead letter.
#[derive(Debug, thiserror::Error)]
#[error("must be one of waiting, retrying, taken, discarded")]
pub struct UnknownLetterState;

impl FromStr for LetterState {
    type Err = UnknownLetterState;

    fn from_str(text: &str) -> Result<Self, UnknownLetterState> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == text)
            .ok_or(UnknownLetterState)
    }
}
