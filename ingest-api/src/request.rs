//! The request that this task answers: what every answer and every error says of it.
//!
//! Kept in a task-local, so that an answer can be rendered wherever it is made: in a handler, in a middleware, inside the
//! transaction that keeps it for an idempotency key.

use crate::auth::Caller;
use crate::rate_limit::Verdict;
use chrono::{DateTime, Utc};
use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}

/// What is known of a request before anything is done for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestContext {
    /// Its id, ours or the client's.
    pub(crate) id: String,
    /// Its path, without the query.
    pub(crate) path: String,
    /// When it came.
    pub(crate) at: DateTime<Utc>,
    /// From where, as far as that can be trusted.
    pub(crate) client_ip: Option<IpAddr>,
    /// What the client calls itself, bounded.
    pub(crate) user_agent: Option<String>,
    /// Whether errors are shown as pages: it comes from a browser's address bar.
    pub(crate) wants_page: bool,
    /// What the quota said of whoever turned out to be asking.
    pub(crate) counted: OnceLock<Verdict>,
    /// Who turned out to be asking, at a browser.
    pub(crate) asker: OnceLock<Caller>,
}

impl RequestContext {
    /// Runs `work` as the answer to this request.
    pub(crate) async fn scope<F: Future>(self: Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Notes what the quota said, for the answer to tell. The first that counts is the one that is told.
    pub(crate) fn count(&self, verdict: Verdict) {
        self.counted.get_or_init(|| verdict);
    }

    /// What the quota said, if anybody was counted while the answer was made.
    pub(crate) fn counted(&self) -> Option<Verdict> {
        self.counted.get().copied()
    }

    /// Notes who is asking.
    pub(crate) fn is_asked_by(&self, caller: &Caller) {
        self.asker.get_or_init(|| caller.clone());
    }

    /// The request that this task answers. Outside of one (in unit tests) an empty one.
    pub(crate) fn current() -> Arc<Self> {
        CURRENT.try_with(Arc::clone).unwrap_or_default()
    }
}
