//! One reader of a mirror: its place, what it has of the mirror, and when it goes to the log instead.

use super::{GAP_WAIT, Mirror, Opened, Opening, Source};
use crate::backends::Log;
use crate::backends::merge::Merge;
use crate::cut::{Batch, Budget, Cut, Seq};
use crate::error::{LogError, MirrorError};
use millstream_domain::cause::in_full;
use millstream_domain::ids::EventId;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a new reader waits for the mirror before it begins with the log. A broker that is up answers long before.
const FIRST_OPEN_WAIT: Duration = Duration::from_secs(5);
/// How long after an attempt a mirror that is away, or that left something out, is opened again.
const REOPEN_EVERY: Duration = Duration::from_secs(5);

/// One reader: its place, and what it has of the mirror.
pub(super) struct Reader<S> {
    pub(super) merge: Merge,
    /// The end of the log, when it was last asked for.
    pub(super) tail: Seq,
    source: Option<S>,
    opening: Option<Opening<S>>,
    /// When the mirror was last opened, or tried to.
    opened_at: Option<Instant>,
    /// Something had to be read from the log since.
    left_out: bool,
    /// That the mirror is of no use was told, and that it is again was not.
    told: bool,
}

impl<S: Source> Reader<S> {
    pub(super) fn new() -> Self {
        Self {
            merge: Merge::behind(Cut::START),
            tail: 0,
            source: None,
            opening: None,
            opened_at: None,
            left_out: false,
            told: false,
        }
    }

    /// Whether what comes next is to be expected from the mirror.
    pub(super) fn delivers(&self) -> bool {
        self.source.is_some() && !self.merge.lags()
    }

    /// Waits for what the mirror has of the next records, as long as that makes sense; whether at least one is there.
    pub(super) async fn has_next<M>(
        &mut self,
        budget: Budget,
        mirror: &M,
        truth: &Log,
    ) -> Result<bool, LogError>
    where
        M: Mirror<Source = S>,
    {
        self.open(mirror, truth).await?;
        // What has come already, also from a mirror that lags: so it is seen that it has caught up.
        let _ = timeout(Duration::ZERO, self.progress(M::NAME)).await;
        let until = Instant::now() + GAP_WAIT;
        while !self.merge.has_enough(budget, self.tail)
            && !self.merge.is_full()
            && !self.merge.lacks_next()
            && self.delivers()
        {
            if timeout_at(until, self.progress(M::NAME)).await.is_err() {
                break;
            }
        }
        Ok(self.merge.has_next())
    }

    /// Opens the mirror, if it is time to; waits for it only the first time.
    async fn open<M>(&mut self, mirror: &M, truth: &Log) -> Result<(), LogError>
    where
        M: Mirror<Source = S>,
    {
        let is_first = self.opened_at.is_none();
        let is_wanted = self.source.is_none() || self.left_out;
        let is_time = self.opened_at.is_none_or(|at| at.elapsed() >= REOPEN_EVERY);
        if self.opening.is_none() && is_wanted && is_time {
            self.opening = Some(mirror.open(self.merge.cut()));
            self.opened_at = Some(Instant::now());
            self.left_out = false;
        }
        let Some(opening) = &mut self.opening else {
            return Ok(());
        };
        let patience = if is_first {
            FIRST_OPEN_WAIT
        } else {
            Duration::ZERO
        };
        let Ok(opened) = timeout(patience, opening).await else {
            return Ok(());
        };
        self.opening = None;
        self.opened_at = Some(Instant::now());
        match opened {
            Ok(opened) => self.begin(M::NAME, opened, truth).await,
            Err(error) => {
                self.leave(M::NAME, &error);
                Ok(())
            }
        }
    }

    /// Gives the mirror up, until it is time to open it again.
    pub(super) fn leave(&mut self, name: &'static str, error: &MirrorError) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(
                mirror = name,
                error = in_full(error),
                "the mirror is of no use now; a reader goes on with the log itself"
            );
        }
        self.source = None;
        self.merge = Merge::behind(self.merge.cut());
    }

    /// Reads on from what was opened, if it holds the history of this log.
    async fn begin(
        &mut self,
        name: &'static str,
        opened: Opened<S>,
        truth: &Log,
    ) -> Result<(), LogError> {
        if let Some((seq, id)) = opened.newest
            && !is_in(truth, seq, id).await?
        {
            self.leave(name, &MirrorError::Foreign { seq });
            return Ok(());
        }
        if std::mem::take(&mut self.told) {
            tracing::info!(mirror = name, "the mirror is read again");
        }
        // Anew: what is held was counted for partitions that may have changed.
        let cut = self.merge.cut();
        self.merge = Merge::behind(cut);
        let newest = opened.newest.map_or(0, |(seq, _)| seq);
        self.merge.holds(newest);
        self.source = Some(opened.source);
        Ok(())
    }

    /// Takes what comes from the mirror. For ever, while there is nothing that could come.
    pub(super) async fn progress(&mut self, name: &'static str) {
        let Some(source) = &mut self.source else {
            return std::future::pending().await;
        };
        if let Err(error) = source.more(&mut self.merge).await {
            self.leave(name, &error);
        }
    }

    /// Reads from the log what the mirror does not bring.
    pub(super) async fn fill(
        &mut self,
        from: Cut,
        budget: Budget,
        log: &Log,
    ) -> Result<Batch, LogError> {
        let missing = self.merge.gap().unwrap_or(Seq::MAX);
        let budget = Budget {
            records: budget
                .records
                .min(usize::try_from(missing).unwrap_or(usize::MAX)),
            ..budget
        };
        let batch = Box::pin(log.read(from, budget)).await?;
        self.left_out |= !batch.records.is_empty();
        self.tail = self.tail.max(batch.tail);
        self.merge.pass(batch.cut);
        Ok(batch)
    }
}

/// Whether the log has this record. One that was trimmed from it is believed.
async fn is_in(log: &Log, seq: Seq, id: EventId) -> Result<bool, LogError> {
    let one = Budget {
        records: 1,
        bytes: 0,
    };
    match Box::pin(log.read(Cut::at(seq.saturating_sub(1)), one)).await {
        Ok(batch) => Ok(batch.records.first().is_some_and(|record| record.id == id)),
        Err(LogError::Gap { .. }) => Ok(true),
        Err(LogError::Ahead { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
