//! Analytics: the lake, and what `DataFusion` answers from it.
//!
//! ```text
//!  Batch ─► hot tail (Arrow, in memory) ──── written by size and time ────► Parquet + one Delta commit per table
//!                │                                                               │
//!                └────────────────────► Snapshot: both, as of one seq ◄──────────┘
//!                                            │
//!                             Session: views with row rights ─► reports, SQL
//! ```
//!
//! - [`tables`] says what stands in the lake: seven Delta tables that any tool can read (`docs/LAKE.md`).
//! - [`lake`] writes them. Each table carries in Delta's application transaction up to which record it is; a row that is not
//!   beyond that is left out, so a repeat changes nothing (`docs/decisions/0010`).
//! - [`session`] joins tables and hot tail under one snapshot and shows only what the caller may see. Questions are computed on
//!   threads of their own (`threads.rs`), so many at once.
//! - [`sql`] answers statements that people write themselves, each in a process of its own.
//! - [`export`] makes files of what reports answer, and of the tasks themselves.
//! - [`reports`] are the questions that the product asks. To add one: a file there and a line in `reports.rs`.
//!
//! *Invariant:* what a snapshot shows is as of exactly one `seq`, in all tables.

mod bounds;
pub mod days;
pub mod error;
pub mod export;
pub mod lake;
mod nearest_rank;
pub mod reports;
pub mod session;
pub mod sql;
pub mod tables;
mod threads;

pub use error::LakeError;
pub use lake::{Batch, Lake};
pub use session::{Asker, Engine, Rights, Session};
pub use tables::Table;
