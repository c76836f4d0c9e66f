//! Where a pipeline's effects go: the contract between the runner and every sink.
//!
//! A sink commits effects, state, dead letters and cut in one atomic write, or nothing of it. That, and reading the cut
//! back at [`Sink::open`] after the generation was raised, is all of exactly-once.

use chrono::{DateTime, Utc};
use millstream_event_log::{Cut, Seq};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::error::Error;
use std::future::Future;
use std::time::Duration;

/// Fences an owner: raised each time a pipeline is taken over, checked at each commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub i64);

/// Where a pipeline goes on from.
#[derive(Debug, Default)]
pub struct Resume {
    /// How far the sink's last commit was.
    pub cut: Cut,
    /// What the operators remembered then.
    pub states: Vec<StateRow>,
}

/// What an operator remembers about one key.
#[derive(Debug, Clone)]
pub struct StateRow {
    /// The operator's name within its pipeline.
    pub operator: String,
    /// The key, as text.
    pub key: String,
    /// The state as JSON; `None` when it has become the default, which deletes the row.
    pub state: Option<Box<RawValue>>,
}

/// A record that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The record.
    pub seq: Seq,
    /// The key under which it was processed; its own, where it did not get that far.
    pub key: String,
    /// Why.
    pub error: String,
    /// The record's own time, so that a replay writes the same letter.
    pub at: DateTime<Utc>,
}

/// One effect and the record (or due timer) it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect<Item> {
    /// The record it came from; for a timer, the last record before it fired.
    pub seq: Seq,
    /// The time of that record, or the time at which the timer was due.
    pub at: DateTime<Utc>,
    /// What to do.
    pub item: Item,
}

/// Everything that a commit carries: all of it or nothing.
#[derive(Debug, Clone)]
pub struct Commit<Item> {
    /// The effects, in the order of the log.
    pub effects: Vec<Effect<Item>>,
    /// The states that changed, the last per key.
    pub states: Vec<StateRow>,
    /// The records that were refused.
    pub dead: Vec<DeadLetter>,
    /// The records that were refused before, were tried again, and are in this commit: their dead letters are answered.
    pub taken: Vec<Seq>,
    /// How far the pipeline is with this commit.
    pub cut: Cut,
}

/// Why a sink did not commit, by what is to be done about it.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Try again, with growing pauses, for ever.
    #[error("{0}")]
    Transient(#[source] Box<dyn Error + Send + Sync>),
    /// Something in the commit cannot be written: find the record by halving and write it as a dead letter.
    #[error("{0}")]
    Reject(#[source] Box<dyn Error + Send + Sync>),
    /// Somebody else owns the pipeline now: stop quietly.
    #[error("another owner has taken over")]
    Fenced,
    /// The sink has no longer all that was committed to it. It is opened anew, and says from where on it needs it again.
    #[error("{0}")]
    Lost(#[source] Box<dyn Error + Send + Sync>),
    /// A person has to look: halt.
    #[error("{0}")]
    Fatal(#[source] Box<dyn Error + Send + Sync>),
}

/// Where effects go.
pub trait Sink: Send + 'static {
    /// What the pipeline's last operator emits.
    type Item: Clone + Send + Sync + 'static;

    /// How often it commits at most. What arrives in between is committed together: for sinks whose commits cost much,
    /// however little is in them.
    const COMMIT_EVERY: Duration = Duration::ZERO;

    /// How often [`Sink::check`] is called while nothing is committed; never without it. For sinks that others can lose.
    const CHECK_EVERY: Option<Duration> = None;

    /// Called once the lease is held under this generation: remembers it, then reads the cut and the states. After it
    /// returned, no commit of an older generation can succeed.
    fn open(
        &mut self,
        generation: Generation,
    ) -> impl Future<Output = Result<Resume, Fault>> + Send;

    /// The records that the pipeline has refused and not taken since, as of the cut that [`Sink::open`] gave.
    fn refused(&mut self) -> impl Future<Output = Result<BTreeSet<Seq>, Fault>> + Send {
        std::future::ready(Ok(BTreeSet::new()))
    }

    /// Writes all of the commit, or nothing. Repeating a commit that was written is harmless.
    fn commit(
        &mut self,
        commit: &Commit<Self::Item>,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Looks whether all that was committed is still there: [`Fault::Lost`] where it is not.
    fn check(&mut self) -> impl Future<Output = Result<(), Fault>> + Send {
        std::future::ready(Ok(()))
    }
}

/// How long a lease lasts without being renewed: how long the pipeline of a node that died stands still.
pub const LEASE_TTL: Duration = Duration::from_secs(15);

/// Who may run a pipeline. Correctness rests on the fence in the sink's commit; the lease keeps two nodes from doing the
/// same work.
pub trait Lease: Send + 'static {
    /// Takes the pipeline if nobody holds it, and raises its generation; `None` while somebody does.
    fn acquire(&mut self) -> impl Future<Output = Result<Option<Generation>, Fault>> + Send;

    /// Keeps it for another while; [`Fault::Fenced`] when it was lost.
    fn renew(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Gives it up.
    fn release(&mut self) -> impl Future<Output = ()> + Send;

    /// Tells people how the pipeline is: `running`, `stalled` or `halted`, and why. A fault when it could not be told: it is
    /// told again, then.
    fn report(&mut self, health: &Health) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Whether somebody wants a pipeline that has halted to try again. Says so once.
    fn resumed(&mut self) -> impl Future<Output = Result<bool, Fault>> + Send {
        std::future::ready(Ok(false))
    }
}

/// How a pipeline is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It works.
    Running,
    /// Something outside keeps it from committing; it keeps trying.
    Stalled(String),
    /// It waits for a person.
    Halted(String),
}
