//! Signs checkpoints: at most [`EVERY`] after something new, and at a clean stop.
//!
//! *Invariant:* a signature is an append-only promise. It is given only when the audit still begins with what the last
//! checkpoint promised, and every entry since then has been hashed anew from its columns. Otherwise nothing is signed,
//! the reason is logged once, and it shows as halted until somebody has looked.

use super::checkpoint::Checkpoint;
use super::checkpoints::{Checkpoints, CheckpointsError};
use super::finding::Finding;
use super::key::SigningKey;
use super::note::NoteError;
use super::walk::Walk;
use millstream_domain::cause::in_full;
use millstream_pipelines::dataflows::audit;
use millstream_pipelines::sink::Health;
use millstream_store::pipeline::share;
use millstream_store::views::audit::tree::{self, TreeError};
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Pause between two looks: half of the 60 s that are promised, which leaves the other half to a slow database or store.
pub const EVERY: Duration = Duration::from_secs(30);

/// Pause after database or object store did not answer.
const RETRY: Duration = Duration::from_secs(5);

/// Why no checkpoint was signed.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointerError {
    /// The database did not answer as it should; try again.
    #[error("the audit cannot be read")]
    Database(#[from] sqlx::Error),
    /// The object store did not answer as it should; try again.
    #[error("checkpoints cannot be read or written")]
    Checkpoints(#[from] CheckpointsError),
    /// The tree is damaged.
    #[error("the audit's tree is damaged")]
    Tree(#[source] TreeError),
    /// The last checkpoint is not one of ours.
    #[error("the last checkpoint does not count")]
    Note(#[from] NoteError),
    /// The audit does not begin with what was promised.
    #[error(
        "the audit does not extend its last checkpoint, of {promised} entries; run `millstream audit verify`"
    )]
    Rewritten {
        /// The size of the last checkpoint.
        promised: u64,
    },
    /// An entry since then is not as it was written.
    #[error("{0} Nothing is signed; run `millstream audit verify`")]
    Changed(Finding),
}

impl CheckpointerError {
    /// Whether trying again is all there is to do.
    fn is_transient(&self) -> bool {
        match self {
            Self::Database(_) | Self::Checkpoints(CheckpointsError::Store(_)) => true,
            Self::Checkpoints(CheckpointsError::NotText(_) | CheckpointsError::Taken(_))
            | Self::Tree(_)
            | Self::Note(_)
            | Self::Rewritten { .. }
            | Self::Changed(_) => false,
        }
    }
}

impl From<TreeError> for CheckpointerError {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Database(error) => Self::Database(error),
            damaged @ TreeError::Damaged(_) => Self::Tree(damaged),
        }
    }
}

/// Signs the checkpoints of a database's audit.
///
/// Of several processes that one signs which runs the audit's pipeline ([`Checkpointer::of`]). Nothing fences off one that
/// has just lost it, because nothing has to: with the same key two sign the same words over the same size, and both compare
/// what they sign with the newest checkpoint there is. The most that can come of it is that the copy of the newest is for
/// one look the one before.
#[derive(Debug)]
pub struct Checkpointer {
    pool: PgPool,
    checkpoints: Checkpoints,
    key: Arc<SigningKey>,
    /// What leases know this process by, where there may be others.
    node: Option<String>,
    last: Option<Checkpoint>,
    listed: bool,
    health: watch::Sender<Health>,
}

impl Checkpointer {
    /// A checkpointer of this database's audit, with this key, into this object store.
    #[must_use]
    pub fn new(pool: PgPool, checkpoints: Checkpoints, key: Arc<SigningKey>) -> Self {
        let health = watch::Sender::new(Health::Running);
        Self {
            pool,
            checkpoints,
            key,
            node: None,
            last: None,
            listed: false,
            health,
        }
    }

    /// The same for one of several processes, which leases know by this name: it signs unless another one runs the audit's
    /// pipeline.
    #[must_use]
    pub fn of(self, node: impl Into<String>) -> Self {
        Self {
            node: Some(node.into()),
            ..self
        }
    }

    /// How it is. The log says the same when it changes, and the metric `millstream_audit_checkpoint_halted` all the time.
    #[must_use]
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    /// Signs until told to stop, then once more. Stop the audit's pipeline first, so that its last entries are signed.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let pause = match self.look().await {
                Err(error) if error.is_transient() => RETRY,
                Ok(_) | Err(_) => EVERY,
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => break,
            }
        }
        let _ = self.look().await;
    }

    /// Signs a checkpoint if there are new entries and it is up to this process, and tells how that went.
    pub async fn look(&mut self) -> Result<Option<Checkpoint>, CheckpointerError> {
        if let Some(node) = &self.node {
            let is_anothers = share::is_anothers(&self.pool, audit::NAME, node).await;
            if matches!(is_anothers, Ok(true)) {
                // Whoever it is finds what we found. When it is ours again, we look at what they have kept.
                self.listed = false;
                self.tell(Health::Running);
                return Ok(None);
            }
            // An answer that did not come is asked for again below.
        }
        self.sign().await
    }

    /// Signs a checkpoint if there are new entries, and tells how that went.
    pub async fn sign(&mut self) -> Result<Option<Checkpoint>, CheckpointerError> {
        let signed = self.try_sign().await;
        self.tell(match &signed {
            Ok(_) => Health::Running,
            Err(error) if error.is_transient() => Health::Stalled(in_full(error)),
            Err(error) => Health::Halted(in_full(error)),
        });
        signed
    }

    fn tell(&self, health: Health) {
        metrics::gauge!("millstream_audit_checkpoint_size")
            .set(self.last.map_or(0.0, |last| precise(last.size)));
        metrics::gauge!("millstream_audit_checkpoint_halted")
            .set(f64::from(matches!(health, Health::Halted(_))));
        if *self.health.borrow() != health {
            match &health {
                Health::Running => tracing::info!("audit checkpoints are signed again"),
                Health::Stalled(error) => tracing::warn!(error, "audit checkpoints are late"),
                Health::Halted(error) => {
                    tracing::error!(error, "audit checkpoints are no longer signed");
                }
            }
            self.health.send_replace(health);
        }
    }

    async fn try_sign(&mut self) -> Result<Option<Checkpoint>, CheckpointerError> {
        let size = tree::size(&self.pool).await?;
        let last = self.newest().await?;
        let promised = last.map_or(0, |last| last.size);
        if size == promised && self.last == last {
            return Ok(None);
        }
        if size < promised {
            return Err(CheckpointerError::Rewritten { promised });
        }
        let mut walk = Walk::resume(&self.pool, promised).await?;
        if last.is_some_and(|last| walk.root() != Some(last.root)) {
            return Err(CheckpointerError::Rewritten { promised });
        }
        self.last = last;
        let mut first = None;
        walk.to(&self.pool, size, &mut |finding| {
            first = first.take().or(Some(finding));
        })
        .await?;
        match (first, walk.root()) {
            (Some(finding), _) => Err(CheckpointerError::Changed(finding)),
            (None, Some(root)) if size > promised => {
                self.keep(Checkpoint { size, root }).await.map(Some)
            }
            (None, _) => Ok(None),
        }
    }

    async fn keep(&mut self, checkpoint: Checkpoint) -> Result<Checkpoint, CheckpointerError> {
        self.checkpoints
            .put(checkpoint.size, &checkpoint.sign(&self.key))
            .await?;
        self.last = Some(checkpoint);
        metrics::counter!("millstream_audit_checkpoints_total").increment(1);
        Ok(checkpoint)
    }

    /// The newest checkpoint there is, whoever signed it: the copy of the newest tells, and at the start the list, too,
    /// because the copy is written last and may have been lost.
    async fn newest(&mut self) -> Result<Option<Checkpoint>, CheckpointerError> {
        let mut notes = vec![self.checkpoints.latest().await?];
        if !self.listed
            && let Some(size) = self.checkpoints.sizes().await?.last()
        {
            notes.push(self.checkpoints.get(*size).await?);
        }
        let mut newest = self.last;
        for note in notes.into_iter().flatten() {
            let read = Checkpoint::open(&note, self.key.verifier())?;
            if newest.is_none_or(|newest| newest.size < read.size) {
                newest = Some(read);
            }
        }
        self.listed = true;
        Ok(newest)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "gauges are doubles, exact up to 2^53"
)]
fn precise(number: u64) -> f64 {
    number as f64
}
