//! Housekeeping: what has had its time is forgotten, a bit every minute.

use crate::{Store, StoreError};
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
            if let Err(error) = self.keep_house_once().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "housekeeping has to wait"
                );
            }
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// One round.
    pub async fn keep_house_once(&self) -> Result<(), StoreError> {
        self.close_refusals().await?;
        self.prune_idempotency().await?;
        self.prune_sessions().await?;
        self.empty_trash().await?;
        self.prune_api_tokens().await?;
        self.prune_attempts().await?;
        self.prune_known_addresses().await?;
        self.prune_resets().await?;
        self.prune_jobs().await?;
        self.prune_mails().await?;
        self.prune_views_of_nodes().await?;
        self.prune_nodes().await?;
        Ok(())
    }
}
