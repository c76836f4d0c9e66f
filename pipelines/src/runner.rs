//! Runs one pipeline, for as long as the process lives: takes the lease, opens the sink, starts the runtime, and does it
//! again whenever something breaks.
//!
//! ```text
//!             ┌─────────────── permits, released at commit ────────────────┐
//!             ▼                                                            │
//!  Log ─► reader ─► feed + wake ─► [timely threads] ─► finished ─► committer ─► Sink
//!             ▲                          │                                 │
//!             └──────── next due ────────┘                                 └─► Signals
//! ```
//!
//! There is no repair in place: whatever fails, the whole runtime is dropped and rebuilt from the sink's cut.

mod backoff;
mod commit;
mod committer;
mod lease;
mod reader;
mod retries;
mod runtime;
mod vitals;

use crate::dataflow::{Finished, Restored};
use crate::pipeline::{Item, Pipeline};
use crate::sink::{Fault, Generation, Health, Lease, Resume, Sink};
use backoff::Backoff;
use committer::{Committer, RejectMeter};
use millstream_domain::cause::in_full;
use millstream_domain::clock::Clock;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, LogError, Seq};
use reader::{Permit, Permits, Reader};
use retries::Retries;
use runtime::Runtime;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use vitals::Monitor;

/// How much of a pipeline may be under way at once, and in which pieces.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records between reader and commit: bounds memory and what a restart repeats.
    pub records: usize,
    /// Bytes of payload between reader and commit.
    pub bytes: usize,
    /// Records of one read, and so of one epoch.
    pub read_records: usize,
    /// Bytes of one read.
    pub read_bytes: usize,
    /// Outputs of one commit: keeps locks and bursts of the database's log short.
    pub commit_outputs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            records: 8_192,
            bytes: 64 << 20,
            read_records: 2_000,
            read_bytes: 8 << 20,
            commit_outputs: 10_000,
        }
    }
}

/// How long a stop waits for what is under way; then the process goes, and the next start repeats from the cut.
const DRAIN: Duration = Duration::from_secs(10);
/// How often somebody who waits for a lease asks again.
const LEASE_RETRY: Duration = Duration::from_secs(2);

/// A pipeline with everything it needs to run.
#[derive(Debug)]
pub struct Runner<I, S, L> {
    pipeline: Pipeline<I>,
    log: Log,
    sink: S,
    lease: L,
    clock: Arc<dyn Clock>,
    signals: Signals,
    limits: Limits,
    /// The name under which its dead letters are kept.
    row: String,
    /// The record that it goes no further than.
    until: Option<Seq>,
}

/// Why a pipeline did not get to the record that it was to get to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Interrupted {
    /// It was told to stop.
    #[error("it was told to stop")]
    Stopped,
    /// A person has to look.
    #[error("{0}")]
    Halted(String),
}

/// How one life of a pipeline ended.
#[derive(Debug)]
pub(crate) enum End {
    /// It was told to stop.
    Stopped,
    /// Somebody else owns the pipeline.
    Fenced,
    /// Something broke that a new start may mend.
    Failed(String),
    /// A person has to look.
    Halted(String),
}

impl End {
    pub(crate) fn of_fault(fault: Fault) -> Self {
        match fault {
            Fault::Fenced => Self::Fenced,
            Fault::Transient(error) | Fault::Lost(error) => Self::Failed(in_full(&*error)),
            Fault::Reject(error) | Fault::Fatal(error) => Self::Halted(in_full(&*error)),
        }
    }

    pub(crate) fn of_log(error: &LogError) -> Self {
        match error {
            LogError::Unavailable(_) => Self::Failed(in_full(error)),
            LogError::Gap { .. } | LogError::Ahead { .. } | LogError::Malformed { .. } => {
                Self::Halted(in_full(error))
            }
        }
    }
}

impl<I, S, L> Runner<I, S, L>
where
    I: Item,
    S: Sink<Item = I>,
    L: Lease,
{
    /// A pipeline that reads `log`, writes `sink` while it holds `lease`, and announces its progress on `signals`.
    pub fn new(
        pipeline: Pipeline<I>,
        log: Log,
        sink: S,
        lease: L,
        clock: Arc<dyn Clock>,
        signals: Signals,
    ) -> Self {
        Self {
            row: pipeline.name().to_owned(),
            until: None,
            pipeline,
            log,
            sink,
            lease,
            clock,
            signals,
            limits: Limits::default(),
        }
    }

    /// Other limits than the usual ones.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Its dead letters are kept under this name, where that is not the pipeline's: retries that are meant for it name it so.
    #[must_use]
    pub fn row(self, row: impl Into<String>) -> Self {
        Self {
            row: row.into(),
            ..self
        }
    }

    /// Runs until everything up to and with a record is committed, and gives the lease up: for a view that is made anew beside
    /// the one that people see. What a person would have to look at ends it.
    pub async fn through(
        &mut self,
        until: Seq,
        stop: &CancellationToken,
    ) -> Result<(), Interrupted> {
        let name = self.pipeline.name();
        self.until = Some(until);
        let mut backoff = Backoff::default();
        let ended = loop {
            let generation = match lease::acquire(&mut self.lease, name, stop).await {
                Ok(Some(generation)) => generation,
                Ok(None) => break Err(Interrupted::Stopped),
                Err(Fault::Transient(_)) => {
                    backoff.pause(stop).await;
                    continue;
                }
                Err(fault) => break Err(Interrupted::Halted(in_full(&fault))),
            };
            match self.live(generation, stop).await {
                End::Stopped if stop.is_cancelled() => break Err(Interrupted::Stopped),
                End::Stopped => break Ok(()),
                End::Fenced => {
                    break Err(Interrupted::Halted("somebody else does the same".into()));
                }
                End::Halted(error) => break Err(Interrupted::Halted(error)),
                End::Failed(error) => {
                    tracing::warn!(pipeline = name, error, "it starts anew from its cut");
                    backoff.pause(stop).await;
                }
            }
        };
        self.lease.release().await;
        ended
    }

    /// Runs until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let name = self.pipeline.name();
        let mut backoff = Backoff::default();
        while !stop.is_cancelled() {
            let generation = match lease::acquire(&mut self.lease, name, &stop).await {
                Ok(Some(generation)) => generation,
                Ok(None) => return,
                Err(fault) => {
                    tracing::warn!(
                        pipeline = name,
                        error = in_full(&fault),
                        "the lease cannot be asked for"
                    );
                    backoff.pause(&stop).await;
                    continue;
                }
            };
            let started = tokio::time::Instant::now();
            let end = self.live(generation, &stop).await;
            if started.elapsed() > backoff::CALM {
                backoff = Backoff::default();
            }
            match end {
                End::Stopped => break,
                End::Fenced => {
                    tracing::info!(pipeline = name, "another owner has taken the pipeline over");
                    // Two who both believe that they own it must not chase each other.
                    backoff.pause(&stop).await;
                }
                End::Failed(error) => {
                    tracing::warn!(
                        pipeline = name,
                        error,
                        "the pipeline failed and starts anew from its cut"
                    );
                    metrics::counter!("millstream_pipeline_restarts_total", "pipeline" => name)
                        .increment(1);
                    // If it is not heard, the next life tells of itself.
                    let _ = self.lease.report(&Health::Stalled(error)).await;
                    backoff.pause(&stop).await;
                }
                End::Halted(error) => {
                    tracing::error!(
                        pipeline = name,
                        error,
                        "the pipeline has halted and waits for a person"
                    );
                    lease::tell_halted(&mut self.lease, error, &stop).await;
                }
            }
        }
        self.lease.release().await;
    }

    /// One life: from opening the sink to the first failure, or the stop.
    async fn live(&mut self, generation: Generation, stop: &CancellationToken) -> End {
        let name = self.pipeline.name();
        let resume = match self.sink.open(generation).await {
            Ok(resume) => resume,
            Err(fault) => return End::of_fault(fault),
        };
        let retries = match self.sink.refused().await {
            Ok(refused) => Retries::new(&self.row, refused),
            Err(fault) => return End::of_fault(fault),
        };
        self.signals.restarted(name, resume.cut);
        tracing::info!(
            pipeline = name,
            cut = resume.cut.seq,
            generation = generation.0,
            "the pipeline runs"
        );
        let (finished_in, finished) = mpsc::unbounded_channel();
        let runtime = match Runtime::start(&self.pipeline, finished_in) {
            Ok(runtime) => runtime,
            Err(error) => return End::Failed(error),
        };
        let failure = runtime.failure();
        let end = self.joined(runtime, resume, retries, finished, stop).await;
        // What went wrong in the dataflow says more than that it ended.
        failure.take().map_or(end, End::Failed)
    }

    /// Reader, committer and lease, until one of them ends this life.
    async fn joined(
        &mut self,
        runtime: Runtime<Permit>,
        resume: Resume,
        retries: Retries,
        finished: mpsc::UnboundedReceiver<Finished<I, Permit>>,
        stop: &CancellationToken,
    ) -> End {
        let (due_in, due) = watch::channel(None);
        let (monitor, vitals) = Monitor::new();
        let reader = Reader {
            log: &self.log,
            clock: &*self.clock,
            permits: Permits::new(&self.limits),
            limits: self.limits,
            due,
            pipeline: self.pipeline.name(),
            monitor: monitor.clone(),
            retries: retries.clone(),
            until: self.until,
        };
        let committer = Committer {
            name: self.pipeline.name(),
            on_reject: self.pipeline.strictness(),
            sink: &mut self.sink,
            signals: &self.signals,
            limits: self.limits,
            monitor,
            due: due_in,
            finished,
            written: resume.cut,
            seen: resume.cut,
            recent_rejects: RejectMeter::default(),
            retries,
            until: self.until,
        };
        let states = resume.states.into_iter().filter_map(Restored::of).collect();
        // Ends this life: the stop of the process, or the first of the three to end.
        let over = stop.child_token();
        let (read, wrote, kept) = tokio::join!(
            ending(&over, reader.run(runtime, states, resume.cut, &over)),
            ending(&over, committer.run(stop, &over)),
            ending(&over, lease::keep(&mut self.lease, vitals, &over)),
        );
        [kept, wrote, read]
            .into_iter()
            .find(|end| !matches!(end, End::Stopped))
            .unwrap_or(End::Stopped)
    }
}

/// Whoever ends, ends the others.
async fn ending(over: &CancellationToken, part: impl Future<Output = End>) -> End {
    let end = part.await;
    over.cancel();
    end
}
