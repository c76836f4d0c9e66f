//! What came of comparing a view that was made anew with the one that people see.

use serde::{Deserialize, Serialize};

/// A row, or a document, that is not the same in both views.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Which.
    pub key: String,
    /// What people saw; nothing, where they saw none.
    pub live: Option<String>,
    /// What the log gives.
    pub rebuilt: Option<String>,
}

/// What came of comparing a view that was made anew with the one that people see.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Rows, or documents, that people saw.
    pub live: u64,
    /// Those that the log gives.
    pub rebuilt: u64,
    /// Those that are only in what people saw.
    pub only_live: u64,
    /// Those that are only in what the log gives.
    pub only_rebuilt: u64,
    /// Those that are in both, and not the same.
    pub changed: u64,
    /// The first of those that differ.
    pub examples: Vec<Example>,
    /// Records that could not be taken when the view was made anew.
    #[serde(default)]
    pub refused: u64,
}

/// Most examples that are kept of what differs.
pub const EXAMPLES_MAX: usize = 10;
/// Most characters of an example's contents.
pub const EXAMPLE_CHARACTERS_MAX: usize = 400;

impl Found {
    /// How many differ.
    #[must_use]
    pub fn differences(&self) -> u64 {
        self.only_live + self.only_rebuilt + self.changed
    }

    /// Takes note of something that is not the same in both.
    pub fn differs(&mut self, key: String, live: Option<String>, rebuilt: Option<String>) {
        *match (&live, &rebuilt) {
            (Some(_), None) => &mut self.only_live,
            (None, Some(_)) => &mut self.only_rebuilt,
            (Some(_), Some(_)) | (None, None) => &mut self.changed,
        } += 1;
        self.shows(key, live, rebuilt);
    }

    /// Keeps an example, while there are few.
    pub(crate) fn shows(&mut self, key: String, live: Option<String>, rebuilt: Option<String>) {
        if self.examples.len() < EXAMPLES_MAX {
            let short = |text: String| text.chars().take(EXAMPLE_CHARACTERS_MAX).collect();
            self.examples.push(Example {
                key,
                live: live.map(short),
                rebuilt: rebuilt.map(short),
            });
        }
    }
}
