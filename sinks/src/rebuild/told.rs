//! Telling people how far a rebuild is, for as long as it takes: whoever is silent for a minute counts as gone.

use crate::rebuild::seq;
use millstream_domain::cause::in_full;
use millstream_store::Store;
use millstream_store::pipeline::rebuild::{RebuildState, Wish};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;

/// How often people are told how far it is.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How far a rebuild is, and where people are told of it.
#[derive(Debug)]
pub struct Told {
    store: Store,
    wish: Wish,
    step: watch::Sender<Step>,
}

#[derive(Debug, Clone, Copy)]
struct Step {
    state: RebuildState,
    done: u64,
    total: u64,
}

impl Told {
    pub(super) fn new(store: Store, wish: Wish) -> Self {
        let step = Step {
            state: RebuildState::Reading,
            done: 0,
            total: 0,
        };
        Self {
            store,
            wish,
            step: watch::Sender::new(step),
        }
    }

    /// So much of the step is done.
    pub fn of(&self, state: RebuildState, done: u64, total: u64) {
        let now = Step { state, done, total };
        // A new step is told at once, how far it is every now and then.
        self.step
            .send_if_modified(|step| std::mem::replace(step, now).state != state);
    }

    /// Looks how far the shadow is, on its way to a record.
    pub(super) async fn reads(&self, until: u64) -> Infallible {
        let name = self.wish.shadow();
        loop {
            let cut = self.store.pipeline_cut(&name).await.ok().flatten();
            self.of(RebuildState::Reading, cut.map_or(0, seq), until);
            tokio::time::sleep(TELL_EVERY).await;
        }
    }

    /// Tells again and again; ends when the rebuild is over, or somebody has asked again.
    pub(super) async fn tells(&self) {
        let mut step = self.step.subscribe();
        loop {
            let Step { state, done, total } = *step.borrow_and_update();
            let told = self.store.report_rebuild(&self.wish, state, (done, total));
            match told.await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(
                    pipeline = self.wish.pipeline,
                    error = in_full(&error),
                    "how far it is was not told"
                ),
            }
            tokio::select! {
                _ = step.changed() => {}
                () = tokio::time::sleep(TELL_EVERY) => {}
            }
        }
    }
}
