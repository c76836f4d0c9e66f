//! The reader: follows the log from the cut, feeds the dataflow, and lets its clock pass.

use super::backoff::Backoff;
use super::retries::Retries;
use super::runtime::Runtime;
use super::vitals::Monitor;
use super::{DRAIN, End, Limits};
use crate::dataflow::{Clockwork, Feed, Restored, micros};
use millstream_domain::cause::in_full;
use millstream_domain::clock::Clock;
use millstream_event_log::{Batch, Budget, Cut, Log, LogError, Record, Seq};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

/// The room that a pipeline has for what is under way. Taken before a read, given back at the commit.
#[derive(Debug)]
pub(super) struct Permits {
    records: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// Room taken; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Permit {
    records: OwnedSemaphorePermit,
    bytes: OwnedSemaphorePermit,
}

impl Permits {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            records: Arc::new(Semaphore::new(limits.records)),
            bytes: Arc::new(Semaphore::new(limits.bytes)),
        }
    }

    /// Waits until there is some room, then takes what one read may use. `None` when told to stop before.
    async fn take(&self, limits: &Limits, over: &CancellationToken) -> Option<Permit> {
        tokio::select! {
            () = over.cancelled() => None,
            taken = async {
                let records = up_to(&self.records, limits.read_records.min(limits.records)).await?;
                let bytes = up_to(&self.bytes, limits.read_bytes.min(limits.bytes)).await?;
                Some(Permit { records, bytes })
            } => taken,
        }
    }
}

/// At least one, at most `most`: waiting for the whole amount would idle a pipeline that has room for some.
async fn up_to(room: &Arc<Semaphore>, most: usize) -> Option<OwnedSemaphorePermit> {
    let mut taken = Arc::clone(room).acquire_owned().await.ok()?;
    let more = room.available_permits().min(most.saturating_sub(1));
    if let Ok(more) =
        Arc::clone(room).try_acquire_many_owned(u32::try_from(more).unwrap_or(u32::MAX))
    {
        taken.merge(more);
    }
    Some(taken)
}

impl Permit {
    /// What a read may bring with this room.
    fn budget(&self) -> Budget {
        Budget {
            records: self.records.num_permits(),
            bytes: self.bytes.num_permits(),
        }
    }

    /// Gives back what the batch does not use. (A record larger than all the room comes alone and keeps all of it.)
    fn shrink(&mut self, records: &[Record]) {
        let bytes: usize = records.iter().map(Record::size).sum();
        drop(
            self.records
                .split(self.records.num_permits().saturating_sub(records.len())),
        );
        drop(
            self.bytes
                .split(self.bytes.num_permits().saturating_sub(bytes)),
        );
    }
}

/// Everything the reader needs.
pub(super) struct Reader<'a> {
    pub(super) log: &'a Log,
    pub(super) clock: &'a dyn Clock,
    pub(super) permits: Permits,
    pub(super) limits: Limits,
    /// When the next timer wants to fire.
    pub(super) due: watch::Receiver<Option<Clockwork>>,
    pub(super) pipeline: &'static str,
    pub(super) monitor: Monitor,
    pub(super) retries: Retries,
    /// The record that it reads no further than.
    pub(super) until: Option<Seq>,
}

impl Reader<'_> {
    /// Reads until `over`, then lets the dataflow drain.
    pub(super) async fn run(
        mut self,
        mut runtime: Runtime<Permit>,
        states: Vec<Restored>,
        cut: Cut,
        over: &CancellationToken,
    ) -> End {
        runtime.send(Feed::States(states));
        let end = self.follow(&runtime, cut, over).await;
        runtime.close();
        if matches!(end, End::Stopped) {
            self.drained(over).await;
        }
        end
    }

    /// Waits until everything under way has been committed, but not for ever. Who has a last record waits for it.
    async fn drained(&self, over: &CancellationToken) {
        let all = u32::try_from(self.limits.records).unwrap_or(u32::MAX);
        let all = self.permits.records.acquire_many(all);
        if self.until.is_some() {
            tokio::select! {
                _ = all => {}
                () = over.cancelled() => {}
            }
        } else {
            let _ = tokio::time::timeout(DRAIN, all).await;
        }
    }

    /// Reads what stands behind the cut. A record that asks for another one to be tried again comes alone, when everything
    /// before it has been committed, and is that one.
    async fn read(
        &self,
        cut: Cut,
        permit: &Permit,
        over: &CancellationToken,
    ) -> Result<Batch, LogError> {
        let mut batch = self.log.read(cut, permit.budget()).await?;
        if let Some(until) = self.until {
            let most = batch.records.partition_point(|r| r.seq <= until);
            shorten(&mut batch, most);
        }
        let mut records = batch.records.iter();
        match records.position(|record| self.retries.is_asked_by(record)) {
            None => {}
            Some(0) => {
                shorten(&mut batch, 1);
                let others = self.limits.records - permit.records.num_permits();
                let others = u32::try_from(others).unwrap_or(u32::MAX);
                tokio::select! {
                    _ = self.permits.records.acquire_many(others) => {}
                    () = over.cancelled() => {}
                }
                self.put_refused(&mut batch).await?;
            }
            Some(place) => shorten(&mut batch, place),
        }
        Ok(batch)
    }

    /// Has the refused record stand in the place of the one that asks for it.
    async fn put_refused(&self, batch: &mut Batch) -> Result<(), LogError> {
        for asking in &mut batch.records {
            let Some(seq) = self.retries.wanted(asking) else {
                continue;
            };
            let budget = Budget {
                records: 1,
                bytes: self.limits.read_bytes,
            };
            let before = Cut::at(seq.saturating_sub(1));
            if let Some(refused) = self.log.read(before, budget).await?.records.pop() {
                self.retries.begin(asking.seq, seq);
                *asking = Record {
                    seq: asking.seq,
                    outbox_id: asking.outbox_id,
                    ..refused
                };
            }
        }
        Ok(())
    }

    /// Whether everything was read that is to be.
    fn is_through(&self, cut: Cut) -> bool {
        self.until.is_some_and(|until| cut.seq >= until)
    }

    async fn follow(
        &mut self,
        runtime: &Runtime<Permit>,
        mut cut: Cut,
        over: &CancellationToken,
    ) -> End {
        let mut backoff = Backoff::default();
        let mut ticked = 0;
        while !self.is_through(cut) {
            let Some(mut permit) = self.permits.take(&self.limits, over).await else {
                break;
            };
            let batch = match self.read(cut, &permit, over).await {
                Ok(batch) => batch,
                Err(error @ LogError::Unavailable(_)) => {
                    tracing::warn!(
                        pipeline = self.pipeline,
                        error = in_full(&error),
                        "the log cannot be read"
                    );
                    self.monitor.reading(Some(in_full(&error)));
                    drop(permit);
                    backoff.pause(over).await;
                    continue;
                }
                Err(error) => return End::of_log(&error),
            };
            backoff = Backoff::default();
            self.monitor.reading(None);
            permit.shrink(&batch.records);
            cut = batch.cut;
            let behind = batch.has_more() || self.is_through(cut);
            if let Some(last) = batch.records.last() {
                // While there is more, time is what the records say it was.
                let at = micros(if behind { last.at } else { self.clock.now() });
                runtime.send(Feed::Batch {
                    cut,
                    at,
                    permit,
                    records: batch.records,
                });
            } else {
                drop(permit);
            }
            if !behind && !self.wait(runtime, cut, &mut ticked, over).await {
                break;
            }
        }
        End::Stopped
    }

    /// At the end of the log: waits for more, and lets time pass when a timer wants it. `false` when told to stop.
    async fn wait(
        &mut self,
        runtime: &Runtime<Permit>,
        cut: Cut,
        ticked: &mut Clockwork,
        over: &CancellationToken,
    ) -> bool {
        loop {
            let due = self.due.borrow_and_update().filter(|due| due > ticked);
            let now = micros(self.clock.now());
            if due.is_some_and(|due| due <= now) {
                let Some(mut permit) = self.permits.take(&self.limits, over).await else {
                    return false;
                };
                permit.shrink(&[]);
                *ticked = now;
                runtime.send(Feed::Tick { at: now, permit });
                continue;
            }
            let until_due = async {
                match due {
                    Some(due) => {
                        let left = Duration::from_micros(due - now);
                        tokio::time::sleep(left.clamp(TICK_MIN, TICK_MAX)).await;
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over.cancelled() => return false,
                () = self.log.wait(cut) => return true,
                () = until_due => {}
                // The committer lives as long as the reader, so the sender does.
                _ = self.due.changed() => {}
            }
        }
    }
}

/// Leaves the first records of a batch.
fn shorten(batch: &mut Batch, most: usize) {
    if let Some(next) = batch.records.get(most) {
        batch.cut = Cut::at(next.seq - 1);
        batch.records.truncate(most);
    }
}

/// Shortest sleep before a timer: tokio's timers have that grain.
const TICK_MIN: Duration = Duration::from_millis(1);

/// Longest sleep before a timer: a clock that was set and a machine that was asleep are noticed after it.
const TICK_MAX: Duration = Duration::from_secs(1);
