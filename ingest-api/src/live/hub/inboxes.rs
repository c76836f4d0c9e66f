//! Those whose inbox changed hear of it once the view shows it, however late that is. Nobody else waits for that.

use super::Hub;
use crate::state::AppState;
use millstream_domain::cause::in_full;
use millstream_domain::ids::UserId;
use millstream_event_log::Seq;
use millstream_store::StoreError;
use std::time::Duration;

/// The pipeline that keeps the inboxes.
pub(in crate::live) const VIEW: &str = "notifications";
/// Pause between two looks at the view's row. The signal comes first, where there is one.
const POLL: Duration = Duration::from_millis(250);
/// Pause after the database did not answer.
const PAUSE: Duration = Duration::from_millis(500);

impl Hub {
    /// Tells of inboxes, for ever.
    pub(super) async fn tell_inboxes(&self, app: &AppState) {
        let mut stirred = self.0.stirred.subscribe();
        let mut told: Seq = 0;
        loop {
            let wanted = match stirred.wait_for(|stirred| *stirred > told).await {
                Ok(stirred) => *stirred,
                // The sender lives as long as `self`.
                Err(_) => return,
            };
            match self.tell_of(app, wanted).await {
                Ok(until) => told = until,
                Err(error) => {
                    tracing::warn!(
                        error = in_full(&error),
                        "nobody could be told of new notifications; trying again"
                    );
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits until the inboxes show a record, and tells of all that they show since the last time; until where that is.
    async fn tell_of(&self, app: &AppState, wanted: Seq) -> Result<Seq, StoreError> {
        let shown = shown(app, wanted).await?;
        let todo = self.ears().inboxes(shown);
        let people: Vec<UserId> = if todo.listeners.is_empty() {
            Vec::new()
        } else {
            let store = app.store();
            store
                .told_between(&todo.listeners, todo.first, todo.until)
                .await?
        };
        self.ears().tell_inboxes(people, todo.until);
        Ok(todo.until)
    }
}

/// Waits until the inboxes show a record; how far they are then.
async fn shown(app: &AppState, wanted: Seq) -> Result<Seq, StoreError> {
    let row = async {
        loop {
            tokio::time::sleep(POLL).await;
            let cut = app.store().pipeline_cut(VIEW).await?;
            let cut = cut.and_then(|cut| Seq::try_from(cut).ok());
            if let Some(cut) = cut.filter(|cut| *cut >= wanted) {
                return Ok::<Seq, StoreError>(cut);
            }
        }
    };
    tokio::select! {
        cut = app.signals().reached(VIEW, wanted) => Ok(cut.seq),
        cut = row => cut,
    }
}
