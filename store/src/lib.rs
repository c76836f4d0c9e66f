//! Postgres: all SQL but the log's own, a file per noun, and the one write path.
//!
//! - Reading: functions on [`Store`], one statement each where it can be.
//! - Writing: a [`Change`] given to [`Store::write`]. A change says what happened, and that is committed with it; there is
//!   no other door to state, so nobody can write state and forget the event.
//! - The views that pipelines keep are written by their sinks, inside their commit, with the functions in [`views`].
//!
//! *Invariant:* no function here holds a connection while it asks the pool for another: the embedded database has one.

pub mod access;
pub mod actor;
pub mod api_token;
pub mod artefact;
pub mod attempt;
pub mod comment;
pub mod error;
mod housekeeping;
pub mod idempotency;
pub mod job;
pub mod key;
pub mod mail;
pub mod merkle;
pub mod node;
pub mod notification;
pub mod page;
pub mod pipeline;
pub mod project;
pub mod report;
pub mod schedule;
pub mod schema;
pub mod session;
pub mod statement;
pub mod summary;
pub mod tag;
pub mod task;
pub mod team;
pub mod testing;
pub mod upkeep;
pub mod user;
pub mod version;
pub mod views;
mod wake;
pub mod write;

pub use error::StoreError;
pub use page::{Page, PageRequest};
pub use version::Versions;
pub use write::{Act, Change, Changed, Changing, Written};

use millstream_domain::clock::{Clock, IdSource};
use millstream_event_log::mover::Poke;
use millstream_event_log::signals::Signals;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use std::sync::Arc;

/// The schema, in steps.
pub static MIGRATOR: Migrator = sqlx::migrate!("../migrations");

/// The state, and the way to change it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    poke: Poke,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    signals: Signals,
}

impl Store {
    /// A store on this database; `poke` wakes the mover after each commit.
    #[must_use]
    pub fn new(pool: PgPool, poke: Poke, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            pool,
            poke,
            clock,
            ids,
            signals: Signals::default(),
        }
    }

    /// The same store, which says on this bus that there is work: to those who do it here, and in other processes.
    #[must_use]
    pub fn with_signals(self, signals: Signals) -> Self {
        Self { signals, ..self }
    }

    /// The same store at other times: for demo data and imports, which tell of the past.
    #[must_use]
    pub fn with_clock(&self, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ..self.clone()
        }
    }

    /// The database.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Where new ids come from.
    #[must_use]
    pub fn ids(&self) -> &Arc<dyn IdSource> {
        &self.ids
    }
}
