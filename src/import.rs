//! The import of tasks from a CSV file: checked whole before the first is written, and harmless to repeat.
//!
//! ```text
//! file ─► table ─► columns ─► row ─► 1. check: bad rows, told by line and reason
//!                                └─► 2. write: batches through the store's one write path
//! ```
//!
//! What is bent into shape, because real files are like that, and counted in the summary:
//!
//! - a title's line breaks, tabs and other control characters become spaces;
//! - a title of more than 200 characters is cut, and stands in full at the top of the description;
//! - U+0000, which the database cannot keep, becomes U+FFFD.
//!
//! What makes a row bad: no title, a description above 64 KiB, a number, date, status or priority that is none, text that
//! is not UTF-8, an id that stood in the file before, more or fewer columns than the head.

pub(crate) mod columns;
pub(crate) mod row;
pub(crate) mod table;
pub(crate) mod target;
pub(crate) mod work;

use serde::{Deserialize, Serialize};

/// What to import, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ImportRequest {
    /// The key of the project that the tasks go to.
    pub(crate) project: String,
    /// The team of the project, in case there is no such project yet.
    pub(crate) team: Option<String>,
    /// Which column means what, as `column=field`, where it does not go without saying.
    pub(crate) map: Vec<String>,
    /// The text that means nothing.
    pub(crate) null: Option<String>,
    /// Check, and write nothing.
    pub(crate) dry_run: bool,
    /// Write the good rows even if there are bad ones.
    pub(crate) skip_bad: bool,
    /// The username of who imports; the first admin if not said.
    pub(crate) acting: Option<String>,
}
