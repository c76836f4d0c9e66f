//! Looking how far the views are that other processes keep, as long as nobody hears them say so.
//!
//! What views of this process have come to is known without a look. Where signals travel between processes
//! (`event_log::signals::exchange`), a look now and then finds what was lost; where they do not, looking is all there is.

use crate::{Store, StoreError};
use millstream_domain::cause::in_full;
use millstream_event_log::mover::Tail;
use millstream_event_log::signals::{Signals, Word};
use millstream_event_log::{Cut, Seq};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause between two looks while others keep views and are not heard: how late their work is seen at most.
pub const LOOK: Duration = Duration::from_millis(250);
/// Pause while they are heard, or nobody is there to be heard: finds what was lost, and those who come.
const LOOK_CALM: Duration = Duration::from_secs(2);
/// Pause after the database did not answer.
const RETRY: Duration = Duration::from_secs(1);

/// Looks for one process.
#[derive(Debug)]
pub struct Lookout {
    store: Store,
    signals: Signals,
    tail: Tail,
    /// What leases know this process by.
    node: String,
    generations: BTreeMap<String, i64>,
}

impl Lookout {
    /// What is found is said on these signals, and how far the log goes to this tail.
    #[must_use]
    pub fn new(store: Store, signals: Signals, tail: Tail, node: impl Into<String>) -> Self {
        Self {
            store,
            signals,
            tail,
            node: node.into(),
            generations: BTreeMap::new(),
        }
    }

    /// Looks until told to stop.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut hears = self.signals.hears();
        let mut told = false;
        while !stop.is_cancelled() {
            let is_heard = *hears.borrow_and_update();
            let pause = match self.look().await {
                Ok(others) if others && !is_heard => LOOK,
                Ok(_) => LOOK_CALM,
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            error = in_full(&error),
                            "it cannot be looked how far other processes are; trying again"
                        );
                    }
                    RETRY
                }
            };
            told &= pause == RETRY;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                // Heard again, or no more: what was said meanwhile is found now. The sender lives as long as `self`.
                _ = hears.changed() => {}
            }
        }
    }

    /// Looks once; whether others keep views.
    pub async fn look(&mut self) -> Result<bool, StoreError> {
        let rows = sqlx::query!(
            r#"
            select h.next - 1 as "tail!", p.name as "name?", p.cut as "cut?", p.generation as "generation?", p.owner as "owner?"
            from stream.head h left join stream.pipeline p on position('@' in p.name) = 0
            "#
        )
        .fetch_all(&self.store.pool)
        .await?;
        let mut others = false;
        for row in rows {
            self.tail.heard(Seq::try_from(row.tail).unwrap_or(0));
            let (Some(view), Some(cut), Some(generation)) = (row.name, row.cut, row.generation)
            else {
                continue;
            };
            if row.owner.as_ref() == Some(&self.node) {
                continue;
            }
            others |= row.owner.is_some();
            self.found(view, Cut::at(Seq::try_from(cut).unwrap_or(0)), generation);
        }
        Ok(others)
    }

    /// A view of which nobody here knows first-hand. A row may be older than what was heard of it, unless its owner is new.
    fn found(&mut self, view: String, cut: Cut, generation: i64) {
        let before = self.generations.insert(view.clone(), generation);
        let is_new_owner = before.is_some_and(|before| before < generation);
        self.signals.heard(&if is_new_owner {
            Word::Restarted(view, cut)
        } else {
            Word::Committed(view, cut)
        });
    }
}
