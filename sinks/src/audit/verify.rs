//! `millstream audit verify`: whether the audit is as it was written, and if not, where it begins to differ.
//!
//! 1. Every entry is hashed anew from its columns, in the order of the indexes, and put into a tree: an edited field, a
//!    missing, doubled or misplaced entry is named.
//! 2. At the size of every checkpoint (those of the object store, and one that the caller kept elsewhere), the tree must
//!    have the root that was signed: where somebody recomputed the hashes, the first checkpoint that no longer holds is
//!    named.
//! 3. The entries behind the last checkpoint that holds are made again from the event log and compared.
//!
//! *Invariant:* reads only, one row at a time, and holds no connection for longer than a page. The audit may grow
//! meanwhile: what was there at the start is verified.

use super::checkpoint::Checkpoint;
use super::checkpoints::{Checkpoints, CheckpointsError};
use super::compare;
use super::finding::Finding;
use super::key::VerifierKey;
use super::report::Report;
use super::walk::Walk;
use millstream_event_log::LogError;
use millstream_store::merkle::Hash;
use millstream_store::views::audit::rows::{self, Extent};
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};

/// Why a verification could not be brought to its end. What it finds is no error.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database did not answer as it should.
    #[error("the audit cannot be read")]
    Database(#[from] sqlx::Error),
    /// The object store did not answer as it should.
    #[error("the checkpoints cannot be read")]
    Checkpoints(#[from] CheckpointsError),
    /// The log cannot be read.
    #[error("the event log cannot be read")]
    Log(#[from] LogError),
}

/// Verifies the audit of a database. `given` is a checkpoint that the caller kept elsewhere; `progress` is told how many
/// entries of how many were walked over.
pub async fn verify(
    pool: &PgPool,
    checkpoints: &Checkpoints,
    key: &VerifierKey,
    given: Option<&str>,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Report, VerifyError> {
    // Checkpoints first: one that is signed meanwhile must not seem to be ahead of the entries.
    let marks = Marks::read(checkpoints, key, given).await?;
    let extent = rows::extent(pool).await?;
    let mut verification = Verification {
        pool,
        walk: Walk::new(),
        held: Held::default(),
        report: Report {
            entries: extent.size,
            findings: marks.bad.clone(),
            ..Report::default()
        },
    };
    for size in &marks.sizes {
        verification.walk_to(*size, extent, progress).await?;
        let roots = marks
            .roots(*size, checkpoints, key, &mut verification.report)
            .await?;
        verification.checkpoint(*size, &roots);
    }
    verification.walk_to(extent.size, extent, progress).await?;
    verification.finish(extent).await
}

/// The beginning of the audit that checkpoints speak for.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    size: u64,
    seq: i64,
    broken: bool,
}

struct Verification<'a> {
    pool: &'a PgPool,
    walk: Walk,
    held: Held,
    report: Report,
}

impl Verification<'_> {
    async fn walk_to(
        &mut self,
        size: u64,
        extent: Extent,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<(), VerifyError> {
        let end = size.min(extent.size);
        while self.walk.next() < end {
            let report = &mut self.report;
            self.walk
                .page(self.pool, end, &mut |finding| report.add(finding))
                .await?;
            progress(self.walk.next(), extent.size);
        }
        Ok(())
    }

    /// Compares the roots that were signed over a size with that of the tree, which has come to that size or to its end.
    fn checkpoint(&mut self, size: u64, roots: &[Hash]) {
        if roots.is_empty() {
            return;
        }
        self.report.checkpoints += 1;
        self.report.last_checkpoint = Some(size);
        let entries = self.report.entries;
        if size <= entries && roots.iter().all(|root| self.walk.root() == Some(*root)) {
            self.report.holding += 1;
            if !self.held.broken {
                self.held = Held {
                    size,
                    seq: self.walk.seq(),
                    broken: false,
                };
            }
        } else if !self.held.broken {
            // Those behind the first one that fails say nothing more.
            self.held.broken = true;
            self.report.add(if size > entries {
                Finding::Shorter { size, entries }
            } else {
                Finding::Checkpoint {
                    size,
                    held: self.held.size,
                }
            });
        }
    }

    async fn finish(mut self, extent: Extent) -> Result<Report, VerifyError> {
        let after = u64::try_from(self.held.seq).unwrap_or(0);
        compare::with_log(self.pool, (self.held.size, after), extent, &mut self.report).await?;
        for finding in &mut self.report.findings {
            if let Finding::Edited { index, fields, .. } = finding {
                *fields = compare::differing_fields(self.pool, *index)
                    .await
                    .unwrap_or_default();
            }
        }
        Ok(self.report)
    }
}

/// The checkpoints, by size. Those of the object store are read one by one when the walk comes to them.
struct Marks {
    sizes: BTreeSet<u64>,
    stored: Vec<u64>,
    /// Read already: the copy of the newest, and the one that the caller kept.
    known: BTreeMap<u64, Vec<Hash>>,
    bad: Vec<Finding>,
}

impl Marks {
    async fn read(
        checkpoints: &Checkpoints,
        key: &VerifierKey,
        given: Option<&str>,
    ) -> Result<Self, CheckpointsError> {
        let stored = checkpoints.sizes().await?;
        let latest = checkpoints.latest().await?;
        let (mut known, mut bad) = (BTreeMap::<u64, Vec<Hash>>::new(), Vec::new());
        for (name, note) in [("latest", latest.as_deref()), ("given", given)] {
            match note.map(|note| Checkpoint::open(note, key)) {
                None => {}
                Some(Ok(checkpoint)) => known
                    .entry(checkpoint.size)
                    .or_default()
                    .push(checkpoint.root),
                Some(Err(error)) => bad.push(bad_checkpoint(name, &error)),
            }
        }
        let sizes = stored.iter().chain(known.keys()).copied().collect();
        Ok(Self {
            sizes,
            stored,
            known,
            bad,
        })
    }

    /// The roots that were signed over a size.
    async fn roots(
        &self,
        size: u64,
        checkpoints: &Checkpoints,
        key: &VerifierKey,
        report: &mut Report,
    ) -> Result<Vec<Hash>, CheckpointsError> {
        let mut roots = self.known.get(&size).cloned().unwrap_or_default();
        let stored = self.stored.binary_search(&size).is_ok();
        let Some(note) = (if stored {
            checkpoints.get(size).await?
        } else {
            None
        }) else {
            return Ok(roots);
        };
        match Checkpoint::open(&note, key) {
            Ok(checkpoint) if checkpoint.size == size => roots.push(checkpoint.root),
            Ok(checkpoint) => {
                let reason = format!("it was signed over {} entries", checkpoint.size);
                report.add(Finding::BadCheckpoint {
                    name: size.to_string(),
                    reason,
                });
            }
            Err(error) => report.add(bad_checkpoint(&size.to_string(), &error)),
        }
        Ok(roots)
    }
}

fn bad_checkpoint(name: &str, error: &super::note::NoteError) -> Finding {
    Finding::BadCheckpoint {
        name: name.to_owned(),
        reason: error.to_string(),
    }
}
