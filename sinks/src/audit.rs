//! The audit's sink: gives each entry its place, its leaf hash and its nodes of the Merkle tree, in the commit that
//! carries the cut.
//!
//! ```text
//! entry ─► canonical bytes ─► leaf hash ─► tree ─► app.audit        (in the committer's transaction)
//!                                           │
//!                     checkpointer ─► signed note ─► object store   (outside the database)
//!                                           │
//!                                        verify ─► report
//! ```
//!
//! *Invariant:* written serially. The pipeline's fence and the unique `index` and `seq` keep a second writer out.

pub mod checkpoint;
pub mod checkpointer;
pub mod checkpoints;
mod compare;
pub mod entry;
pub mod finding;
pub mod key;
pub mod note;
pub mod report;
pub mod verify;
mod walk;

use crate::postgres::View;
use millstream_pipelines::dataflows::audit::Entry;
use millstream_pipelines::sink::Commit;
use millstream_store::views::audit::rows;
use millstream_store::views::audit::tree::{self, TreeError};
use sqlx::{PgConnection, Postgres, Transaction};

/// The audit as a view in Postgres.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditView;

impl View for AuditView {
    type Item = Entry;

    async fn apply(
        &mut self,
        tx: &mut Transaction<'_, Postgres>,
        commit: &Commit<Entry>,
    ) -> Result<(), sqlx::Error> {
        let entries = commit.effects.iter().map(|effect| &effect.item);
        append(tx, entries).await.map_err(|error| match error {
            TreeError::Database(error) => error,
            // Trying again does not mend it, so it must not count as an absent database.
            damaged @ TreeError::Damaged(_) => sqlx::Error::Decode(Box::new(damaged)),
        })
    }
}

/// Appends entries, in the order of their records. Those that are there already are left alone.
async fn append<'a>(
    db: &mut PgConnection,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<(), TreeError> {
    let (size, seq) = tree::end(&mut *db).await?;
    let mut frontier = tree::frontier(&mut *db, size).await?;
    let mut fresh = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.seq > seq) {
        let mut row = entry::row(entry, frontier.size());
        let leaf = entry::hash(&row).expect("a new row has the newest form");
        row.leaf_hash = leaf.to_vec();
        row.nodes = frontier.push(leaf).concat();
        fresh.push(row);
    }
    Ok(rows::append(db, &fresh).await?)
}
