//! What a handler knows of its job, and what it says about it.

use millstream_domain::ids::{JobId, UserId};
use millstream_store::job::run::Taken;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A job that runs.
#[derive(Debug)]
pub struct JobContext {
    id: JobId,
    attempt: i32,
    fence: i64,
    created_by: Option<UserId>,
    progress: watch::Sender<Option<f64>>,
    stop: CancellationToken,
    is_called_off: AtomicBool,
}

impl JobContext {
    /// A job that was taken, in a process that stops with `stop`.
    pub(super) fn new(job: &Taken, stop: &CancellationToken) -> Self {
        Self {
            id: job.id,
            attempt: job.attempt,
            fence: job.fence,
            created_by: job.created_by,
            progress: watch::Sender::new(None),
            stop: stop.child_token(),
            is_called_off: AtomicBool::new(false),
        }
    }

    /// Which job it is: the same at each try, so that a repeat of an effect can be known by it.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Which try this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.attempt
    }

    /// What tells this try from all others, before and after: for what it writes piece by piece.
    #[must_use]
    pub fn fence(&self) -> i64 {
        self.fence
    }

    /// Whose job it is; `None` for Millstream itself. What they may see is to be asked at each try: it may have changed.
    #[must_use]
    pub fn created_by(&self) -> Option<UserId> {
        self.created_by
    }

    /// Says how much is done, from 0 to 1. Cheap: it is written down now and then.
    pub fn progress(&self, done: f64) {
        if done.is_finite() {
            self.progress.send_replace(Some(done.clamp(0.0, 1.0)));
        }
    }

    /// Whether to stop, because somebody has called the job off or the process stops. Ask between steps, and answer
    /// [`JobFault::Stopped`](super::JobFault::Stopped).
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What tells to stop: for whatever can wait for it, on other threads too.
    #[must_use]
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells the handler that somebody has called the job off.
    pub(super) fn call_off(&self) {
        self.is_called_off.store(true, Ordering::Relaxed);
        self.stop.cancel();
    }

    pub(super) fn is_called_off(&self) -> bool {
        self.is_called_off.load(Ordering::Relaxed)
    }

    /// How much is done, whenever it changes.
    pub(super) fn watch_progress(&self) -> watch::Receiver<Option<f64>> {
        self.progress.subscribe()
    }
}
