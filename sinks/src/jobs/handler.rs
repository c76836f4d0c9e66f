//! What does the work of one kind of job, and the list of all that do.

use super::context::JobContext;
use futures::future::{BoxFuture, FutureExt};
use millstream_store::job::JobArgs;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Does the work of one kind of job.
///
/// It may be begun again at any point, because a process can die at any point: what it does must bear a repeat. It must not
/// compute for long without an `await`, which would hold up the other jobs and its own signs of life: what does belongs on
/// `tokio::task::spawn_blocking`.
pub trait Handler: Send + Sync + 'static {
    /// What it works on; names the kind.
    type Args: JobArgs;

    /// Does it. What it answers is the job's result; `null` is none.
    fn run(
        &self,
        args: Self::Args,
        job: &JobContext,
    ) -> impl Future<Output = Result<Value, JobFault>> + Send;
}

/// Why a job was not done. Whoever may see the job reads the error's own sentence (`Display`): it must not quote what they may
/// not see. What is behind it (`source`) goes to the log alone.
#[derive(Debug, thiserror::Error)]
pub enum JobFault {
    /// Another try may go better.
    #[error("it may go better later")]
    Retry(#[source] BoxError),
    /// Another try would end alike.
    #[error("it cannot be done")]
    Reject(#[source] BoxError),
    /// It stopped because it was told to.
    #[error("it was told to stop")]
    Stopped,
}

impl JobFault {
    /// Another try may go better.
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self::Retry(error.into())
    }

    /// Another try would end alike.
    pub fn reject(error: impl Into<BoxError>) -> Self {
        Self::Reject(error.into())
    }
}

/// Another program wrote them, or another version of this one.
#[derive(Debug, thiserror::Error)]
#[error("its arguments cannot be read")]
struct UnreadableArgs(#[source] serde_json::Error);

/// A [`Handler`] whose arguments are not read yet.
pub(super) trait AnyHandler: Send + Sync {
    fn run<'a>(
        &'a self,
        args: &'a RawValue,
        job: &'a JobContext,
    ) -> BoxFuture<'a, Result<Value, JobFault>>;
}

impl<H: Handler> AnyHandler for H {
    fn run<'a>(
        &'a self,
        args: &'a RawValue,
        job: &'a JobContext,
    ) -> BoxFuture<'a, Result<Value, JobFault>> {
        async move {
            let args = serde_json::from_str(args.get())
                .map_err(|e| JobFault::reject(UnreadableArgs(e)))?;
            Handler::run(self, args, job).await
        }
        .boxed()
    }
}

/// The handlers that a process has, by the name of their kind.
#[derive(Clone, Default)]
pub struct Handlers(BTreeMap<&'static str, Arc<dyn AnyHandler>>);

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Handlers {
    /// These and one more.
    #[must_use]
    pub fn with<H: Handler>(mut self, handler: H) -> Self {
        let before = self.0.insert(H::Args::KIND, Arc::new(handler));
        assert!(before.is_none(), "a kind of jobs has one handler");
        self
    }

    /// The kinds that there are handlers for.
    pub(super) fn kinds(&self) -> Vec<String> {
        self.0.keys().map(ToString::to_string).collect()
    }

    pub(super) fn of(&self, kind: &str) -> Option<&Arc<dyn AnyHandler>> {
        self.0.get(kind)
    }
}
