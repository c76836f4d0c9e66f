//! The query language of the search box: what it says, read into a tree that any view can evaluate.
//!
//! ```text
//! mill "water wheel" -rust (oil OR grease)   words and phrases, all of them; `-` not; OR; parentheses
//! whe*                                       beginnings of words; the last word of the text is one too, as it is typed
//! status:todo,blocked priority:>=high        fields; values with commas are alternatives
//! assignee:me created_by:ada team:millers project:ENG tag:"needs review"
//! parent:ENG-42,none                         parts of a task; of none
//! due:<2026-12-01 due:today due:none updated:>-7d created:yesterday
//! is:overdue is:archived is:trashed has:attachment in:comments,title
//! ```
//!
//! - A name before a colon that is no field is an error, so that a mistyped one is not searched as text; `std::string`,
//!   `https://…`, `12:30` and everything in quotes are text.
//! - Punctuation within a word belongs to it: what `TASK_FAILED` means is for whoever cuts texts into words.
//!
//! *Invariant:* pure, and bounded by the constants below. An error names the place in the text.

mod filter;
mod parse;
mod scan;
mod time;
mod tree;

pub use time::{Comparison, Moment, TimeFilter, TimeRange, TimeUnit, start_of};
pub use tree::{Feature, Filter, Flag, Node, Parent, Place, TextKind, Texts, Who};

use std::ops::Range;

/// Most bytes of a query: what a client may send as `q`.
pub const QUERY_BYTES_MAX: usize = 4 * 1024;
/// Most parentheses within parentheses: bounds the recursion of whoever walks the tree.
pub const DEPTH_MAX: usize = 20;
/// Most words, phrases and values of fields together: bounds the work that one query can ask for.
pub const TERMS_MAX: usize = 200;
/// What a beginning with an asterisk counts for among them: each stands for many words.
pub const BEGINNING_TERMS: usize = 10;

/// A query that was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    root: Option<Node>,
}

impl Query {
    /// Reads a query; a blank one asks for everything.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::query(text).map(|root| Self { root })
    }

    /// What it asks for; `None` for everything.
    #[must_use]
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// Whether a flag is asked about anywhere, affirmed or denied.
    #[must_use]
    pub fn mentions(&self, flag: Flag) -> bool {
        self.root.as_ref().is_some_and(|root| {
            root.any(&mut |node| matches!(node, Node::Filter(Filter::Is(asked)) if *asked == flag))
        })
    }
}

/// What is wrong with a query, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at character {})", .position + 1)]
pub struct QueryError {
    /// What to do about it.
    pub message: String,
    /// The place: bytes of the text.
    pub at: Range<usize>,
    /// Where that begins, in characters from 0.
    pub position: usize,
}

impl QueryError {
    fn new(text: &str, at: Range<usize>, message: impl Into<String>) -> Self {
        let position = text.get(..at.start).unwrap_or(text).chars().count();
        Self {
            message: message.into(),
            at,
            position,
        }
    }
}

#[cfg(test)]
mod tests;
