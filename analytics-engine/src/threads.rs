//! The threads that questions are computed on. They are the engine's own, and stand back where others want the processor: a
//! heavy report takes long, and everything else in the process is answered meanwhile.
//!
//! *Invariant:* nothing that a question makes expensive runs on the threads of whoever asks.

use crate::bounds::{BATCHES_AHEAD, NICENESS, READERS, THREADS};
use crate::error::LakeError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use futures::StreamExt as _;
use std::panic::resume_unwind;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

/// What the threads are called.
pub(crate) const NAME: &str = "reports";

/// The threads. Cheap to clone; they end with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Threads(Arc<Running>);

#[derive(Debug)]
struct Running(Option<Runtime>);

impl Threads {
    /// Starts them.
    pub(crate) fn start() -> Result<Self, LakeError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(READERS)
            .thread_name(NAME)
            .on_thread_start(stand_back)
            .enable_all()
            .build()
            .map_err(LakeError::unavailable)?;
        Ok(Self(Arc::new(Running(Some(runtime)))))
    }

    /// Works there. Whoever does not wait for it any more ends it.
    pub(crate) async fn work<T, W>(&self, work: W) -> Result<T, LakeError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, LakeError>> + Send + 'static,
    {
        let working = self.0.runtime().spawn(work.in_current_span());
        match AbortOnDropHandle::new(working).await {
            Ok(worked) => worked,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            Err(stopped) => Err(LakeError::unavailable(stopped)),
        }
    }

    /// Rows that are found there, a little ahead of whoever takes them.
    pub(crate) fn stream(&self, mut rows: SendableRecordBatchStream) -> SendableRecordBatchStream {
        let mut found = RecordBatchReceiverStream::builder(rows.schema(), BATCHES_AHEAD);
        let taken = found.tx();
        let finding = async move {
            while let Some(batch) = rows.next().await {
                if taken.send(batch).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        found.spawn_on(finding, self.0.runtime().handle());
        found.build()
    }
}

impl Running {
    fn runtime(&self) -> &Runtime {
        let runtime = self.0.as_ref();
        runtime.expect("they run until they are dropped")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Questions only read: what is under way is of no use to anybody, and who drops this may not wait.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// To the system, each thread has a niceness of its own. Where it may not be changed, they compute like the others.
fn stand_back() {
    let _ = rustix::process::nice(NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[tokio::test]
    async fn work_is_done_on_threads_that_stand_back_and_ends_with_whoever_waits() {
        let threads = Threads::start().expect("threads");
        let told = threads.work(async {
            let thread = std::thread::current();
            let niceness = rustix::process::getpriority_process(None);
            Ok((thread.name().map(str::to_owned), niceness))
        });
        let (name, niceness) = told.await.expect("work");
        assert_eq!(name.as_deref(), Some(NAME));
        let here = rustix::process::getpriority_process(None).expect("a niceness");
        assert_eq!(niceness.expect("a niceness"), (here + NICENESS).min(19));

        let (ended, until_ended) = mpsc::channel::<()>();
        let endless = threads.work(async move {
            let _ended = ended;
            std::future::pending::<Result<(), LakeError>>().await
        });
        let waited = tokio::time::timeout(Duration::ZERO, endless).await;
        assert!(waited.is_err(), "it has no end");
        // The other end hears of nothing but that its partner is gone.
        let gone = until_ended.recv_timeout(Duration::from_mins(1));
        assert_eq!(gone, Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
