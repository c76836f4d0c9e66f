//! Search: an index in a folder, kept by the pipeline `search`, asked by everybody.
//!
//! ```text
//!  Change ─► folded per document ─► stored source, patched ─► one Tantivy commit with the cut ─► reader reloaded
//!                                                                                                   │
//!  Query ─► names to ids ─► Tantivy query, within what the caller may see ─► hits, highlights, facets ◄┘
//! ```
//!
//! - One document per task, with its comments, and small ones for people, projects and teams. What a document was made of
//!   is stored in it ([`document`]), so that a change needs nothing but the index.
//! - People's roles and memberships are documents of the same index, so rights and what they allow are of one snapshot.
//! - A commit carries the cut in its payload: after a crash the index is as of some cut, never in between.
//! - What is indexed and what is asked for is cut into words by the same code ([`words`]).
//! - An index can be made anew beside the one that is searched, and take its place ([`rebuilt`]).
//!
//! Left for later, and where it goes: an overlay in memory for what is not committed yet beside [`index`].

mod collect;
pub mod document;
pub mod error;
mod fold;
mod folder;
mod highlight;
pub mod index;
pub mod query;
pub mod rebuilt;
pub mod results;
mod rights;
mod schema;
mod search;
mod stored;
mod typo;
pub mod words;

pub use document::{Change, Comment, Person, Project, Tag, Task, Team};
pub use error::SearchError;
pub use index::Index;
pub use results::{Facets, Hit, SearchResults};
pub use rights::Known;
pub use search::{LIMIT_MAX, SearchRequest};
