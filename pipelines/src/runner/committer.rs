//! The committer: takes everything that is final, merges it, and has the sink commit it, until it worked.

use super::backoff::Backoff;
use super::commit::Pile;
use super::reader::Permit;
use super::retries::Retries;
use super::vitals::Monitor;
use super::{End, Limits};
use crate::dataflow::{Clockwork, Finished};
use crate::pipeline::{Item, OnReject};
use crate::sink::{Commit, Fault, Sink};
use millstream_domain::cause::in_full;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Cut, Seq};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a cut that moved without effects may stay unwritten: a restart reads that much again, for nothing.
const IDLE_CUT: Duration = Duration::from_secs(1);
/// More refused records than this in [`REJECTS_WINDOW`] halt the pipeline: a bad deploy must not dead-letter the world.
const REJECTS_MAX: usize = 100;
/// The time over which refused records are counted.
const REJECTS_WINDOW: Duration = Duration::from_mins(1);
/// How many times as long as a commit took the pipeline rests after it. What arrives meanwhile is committed together: under a
/// steady stream of writes a pipeline costs its database a third of a connection's time, not all of it, and one that was
/// idle still commits at once.
const REST: u32 = 2;
/// The longest rest: a slow commit is no reason to be late as well.
const REST_MAX: Duration = Duration::from_millis(20);
/// How long a commit may take before people are told that the sink does not answer: longer than the largest takes.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(30);

/// Everything the committer needs.
pub(super) struct Committer<'a, I, S> {
    pub(super) name: &'static str,
    pub(super) on_reject: OnReject,
    pub(super) sink: &'a mut S,
    pub(super) signals: &'a Signals,
    pub(super) limits: Limits,
    pub(super) monitor: Monitor,
    pub(super) due: watch::Sender<Option<Clockwork>>,
    pub(super) finished: mpsc::UnboundedReceiver<Finished<I, Permit>>,
    /// The cut that the sink has.
    pub(super) written: Cut,
    /// The cut up to which all effects are written.
    pub(super) seen: Cut,
    pub(super) recent_rejects: RejectMeter,
    pub(super) retries: Retries,
    /// The record behind which the input ends.
    pub(super) until: Option<Seq>,
}

/// Counts refused records over the last minute.
#[derive(Debug, Default)]
pub(super) struct RejectMeter(VecDeque<Instant>);

impl RejectMeter {
    /// Counts some more; answers whether it is too many.
    fn count(&mut self, more: usize) -> bool {
        let now = Instant::now();
        while self
            .0
            .pop_front_if(|at| now.duration_since(*at) > REJECTS_WINDOW)
            .is_some()
        {}
        self.0
            .extend(std::iter::repeat_n(now, more.min(REJECTS_MAX + 1)));
        self.0.len() > REJECTS_MAX
    }
}

/// Outputs taken from the queue, with the room they occupy.
struct Taken<I> {
    pile: Pile<I>,
    permits: Vec<Permit>,
}

impl<I: Item, S: Sink<Item = I>> Committer<'_, I, S> {
    /// Commits until the dataflow has ended. `stop` is the process's, after which nothing is retried for long; `over`
    /// ends this life of the pipeline.
    pub(super) async fn run(mut self, stop: &CancellationToken, over: &CancellationToken) -> End {
        let mut next_commit = Instant::now();
        let mut next_check = check_after(S::CHECK_EVERY);
        let mut unwritten = None;
        loop {
            // Since it moved: records without effects that keep coming must not put it off for ever.
            unwritten = (self.written < self.seen).then(|| unwritten.unwrap_or_else(Instant::now));
            let message = tokio::select! {
                message = self.finished.recv() => message,
                () = idle(unwritten) => {
                    if let Err(end) = self.write_cut(over).await {
                        return end;
                    }
                    continue;
                }
                () = tokio::time::sleep_until(next_check), if S::CHECK_EVERY.is_some() => {
                    next_check = check_after(S::CHECK_EVERY);
                    if let Err(end) = self.check().await {
                        return end;
                    }
                    continue;
                }
            };
            let Some(message) = message else { break };
            tokio::time::sleep_until(next_commit).await;
            let started = Instant::now();
            let Some(taken) = self.take(message) else {
                continue;
            };
            let has_effects = !taken.pile.is_empty();
            let is_full = taken.pile.len() >= self.limits.commit_outputs;
            if let Err(end) = self.commit(taken, over).await {
                return end;
            }
            if has_effects {
                next_check = check_after(S::CHECK_EVERY);
                let rest = if is_full {
                    Duration::ZERO
                } else {
                    rest_after(started.elapsed())
                };
                next_commit = (started + S::COMMIT_EVERY).max(Instant::now() + rest);
            }
        }
        if self.written < self.seen
            && let Err(end) = self.write_cut(over).await
        {
            return end;
        }
        let is_through = self.until.is_some_and(|until| self.seen.seq >= until);
        if is_through || stop.is_cancelled() || over.is_cancelled() {
            return End::Stopped;
        }
        End::Failed("the dataflow ended by itself".into())
    }

    /// Everything that is queued, up to the limit of a commit.
    fn take(&mut self, first: Finished<I, Permit>) -> Option<Taken<I>> {
        let (mut outputs, mut permits, mut cut) = (Vec::new(), Vec::new(), None);
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Finished::NextDue(due) => {
                    self.due.send_replace(due);
                }
                Finished::Epochs {
                    outputs: more,
                    cut: behind,
                    permits: theirs,
                } => {
                    outputs.extend(more);
                    permits.extend(theirs);
                    cut = behind.or(cut);
                }
            }
            let full = outputs.len() >= self.limits.commit_outputs;
            next = if full {
                None
            } else {
                self.finished.try_recv().ok()
            };
        }
        if outputs.is_empty() && permits.is_empty() {
            return None;
        }
        let cut = cut.unwrap_or(self.seen);
        Some(Taken {
            pile: Pile::new(outputs, cut),
            permits,
        })
    }

    async fn commit(&mut self, taken: Taken<I>, over: &CancellationToken) -> Result<(), End> {
        let Taken { pile, permits } = taken;
        if let Some(error) = pile.halt() {
            return Err(End::Halted(error.to_owned()));
        }
        let cut = pile.cut;
        if !pile.is_empty() {
            self.checked(pile, over).await?;
        }
        self.seen = self.seen.max(cut);
        // A view that has nothing to write for a record has seen it.
        self.signals.committed(self.name, self.seen);
        metrics::gauge!("millstream_pipeline_cut", "pipeline" => self.name)
            .set(as_f64(self.seen.seq));
        drop(permits);
        Ok(())
    }

    /// Applies the pipeline's strictness, then writes.
    async fn checked(&mut self, pile: Pile<I>, over: &CancellationToken) -> Result<(), End> {
        let dead = pile.dead().count();
        if dead > 0 {
            metrics::counter!("millstream_pipeline_rejects_total", "pipeline" => self.name)
                .increment(dead as u64);
            let first = pile
                .dead()
                .next()
                .map(|(seq, error)| (seq, error.to_owned()));
            if let (OnReject::Halt, Some((seq, error))) = (self.on_reject, first) {
                self.write(pile.before(seq), over).await?;
                return Err(End::Halted(format!("record {seq} was refused: {error}")));
            }
        }
        self.write(pile, over).await?;
        if self.is_too_many(dead) {
            return Err(End::Halted(format!(
                "more than {REJECTS_MAX} records were refused within a minute"
            )));
        }
        Ok(())
    }

    /// Writes a pile; where the sink refuses it, its halves, down to the record that is to blame.
    async fn write(&mut self, pile: Pile<I>, over: &CancellationToken) -> Result<(), End> {
        let mut piles = vec![(pile, false)];
        while let Some((pile, refused_before)) = piles.pop() {
            match self.try_write(&pile, over).await {
                Ok(()) => {}
                Err(Fault::Reject(error)) => match pile.halve() {
                    Ok((left, right)) => piles.extend([(right, false), (left, false)]),
                    Err(one) if refused_before => {
                        return Err(End::Halted(format!(
                            "record {} cannot even be refused: {error}",
                            one.cut.seq
                        )));
                    }
                    Err(one) => piles.push((self.refuse(one, &*error)?, true)),
                },
                Err(fault) => return Err(End::of_fault(fault)),
            }
        }
        Ok(())
    }

    /// Whether so many more refused records are too many. Who makes a view anew sees years in a minute, and judges by the
    /// whole.
    fn is_too_many(&mut self, more: usize) -> bool {
        self.until.is_none() && self.recent_rejects.count(more)
    }

    /// The dead letter for the one record that the sink refused.
    fn refuse(&mut self, one: Pile<I>, error: &dyn std::error::Error) -> Result<Pile<I>, End> {
        let error = in_full(error);
        tracing::warn!(
            pipeline = self.name,
            seq = one.cut.seq,
            error,
            "the sink refused a record"
        );
        metrics::counter!("millstream_pipeline_rejects_total", "pipeline" => self.name)
            .increment(1);
        if self.on_reject == OnReject::Halt {
            return Err(End::Halted(format!(
                "the sink refused record {}: {error}",
                one.cut.seq
            )));
        }
        if self.is_too_many(1) {
            return Err(End::Halted(format!(
                "more than {REJECTS_MAX} records were refused within a minute"
            )));
        }
        Ok(one.refused(&error))
    }

    /// Tries until the sink says yes, or something that no patience mends.
    async fn try_write(&mut self, pile: &Pile<I>, over: &CancellationToken) -> Result<(), Fault> {
        let mut commit = pile.commit();
        self.retries.tell(&mut commit);
        let mut backoff = Backoff::default();
        loop {
            let started = Instant::now();
            match self.answer(&commit).await {
                Ok(()) => {
                    metrics::histogram!("millstream_pipeline_commit_seconds", "pipeline" => self.name)
                        .record(started.elapsed().as_secs_f64());
                    metrics::counter!("millstream_pipeline_effects_total", "pipeline" => self.name)
                        .increment(commit.effects.len() as u64);
                    self.retries.written(&commit);
                    self.written = self.written.max(commit.cut);
                    self.monitor.committing(None);
                    return Ok(());
                }
                Err(Fault::Transient(error)) if !over.is_cancelled() => {
                    let error = in_full(&*error);
                    tracing::warn!(
                        pipeline = self.name,
                        error,
                        "the sink cannot commit; trying again"
                    );
                    self.monitor.committing(Some(error));
                    backoff.pause(over).await;
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    /// What the sink answers, however long it takes; from some time on, people are told that it takes long.
    async fn answer(&mut self, commit: &Commit<I>) -> Result<(), Fault> {
        let mut answer = std::pin::pin!(self.sink.commit(commit));
        if let Ok(answer) = tokio::time::timeout(ANSWER_TIME_MAX, &mut answer).await {
            return answer;
        }
        let error = format!(
            "the sink has not answered for {} s",
            ANSWER_TIME_MAX.as_secs()
        );
        tracing::warn!(pipeline = self.name, "the sink does not answer");
        self.monitor.committing(Some(error));
        answer.await
    }

    /// Has the sink look whether it still has everything.
    async fn check(&mut self) -> Result<(), End> {
        match self.sink.check().await {
            Ok(()) => self.monitor.committing(None),
            Err(Fault::Transient(error)) => self.monitor.committing(Some(in_full(&*error))),
            Err(fault) => return Err(End::of_fault(fault)),
        }
        Ok(())
    }

    /// Writes a cut that moved without effects.
    async fn write_cut(&mut self, over: &CancellationToken) -> Result<(), End> {
        let nothing = Pile::new(Vec::new(), self.seen);
        self.write(nothing, over).await
    }
}

/// Waits until a cut that has stood unwritten since then has to be written; for ever, where there is none.
async fn idle(unwritten: Option<Instant>) {
    match unwritten {
        Some(since) => tokio::time::sleep_until(since + IDLE_CUT).await,
        None => std::future::pending().await,
    }
}

/// When the sink is to look whether it still has everything; it does not matter when, where it never does.
fn check_after(every: Option<Duration>) -> Instant {
    Instant::now() + every.unwrap_or_default()
}

/// How long to rest after a commit that took so long.
fn rest_after(commit: Duration) -> Duration {
    (commit * REST).min(REST_MAX)
}

/// For a gauge: exact up to 2^53 records.
#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn as_f64(seq: u64) -> f64 {
    seq as f64
}
