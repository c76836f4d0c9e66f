//! Housekeeping: what has had its time is forgotten, a bit every minute.

use crate::{Store, StoreError};
use millstream_domain::cause::in_full;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often. Refusals are counted by the minute.
const INTERVAL: Duration = Duration::from_mins(1);
/// Rows of one kind that one round forgets: keeps its transactions short. A backlog is worked off in more rounds.
pub(crate) const PRUNED_PER_ROUND: i64 = 5_000;

impl Store {
    /// Keeps house until told to stop. Every process that writes may do it; they do not disturb each other.
    pub async fn keep_house(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // What went wrong has been told step by step.
            let _ = self.keep_house_once().await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One round: each step, whatever became of those before it. The first error, when all are done.
    pub async fn keep_house_once(&self) -> Result<(), StoreError> {
        let steps = [
            ("refusals", self.close_refusals().await.err()),
            ("idempotency keys", self.prune_idempotency().await.err()),
            ("sessions", self.prune_sessions().await.err()),
            ("API tokens", self.prune_api_tokens().await.err()),
            ("attempts", self.prune_attempts().await.err()),
            ("known addresses", self.prune_known_addresses().await.err()),
            ("password links", self.prune_resets().await.err()),
            ("jobs", self.prune_jobs().await.err()),
            ("mails", self.prune_mails().await.err()),
            ("views of nodes", self.prune_views_of_nodes().await.err()),
            ("nodes", self.prune_nodes().await.err()),
        ];
        let failed = steps.into_iter().filter_map(|(of, error)| {
            let error = error?;
            let told = in_full(&error);
            tracing::warn!(of, error = told, "housekeeping has to wait");
            Some(error)
        });
        // All of them are told; one is handed on.
        failed
            .collect::<Vec<_>>()
            .into_iter()
            .next()
            .map_or(Ok(()), Err)
    }
}
