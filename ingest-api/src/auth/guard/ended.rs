//! The sessions that have ended, from the log. Only the latest matter: when the last access token of a session has expired,
//! nobody can come with it any more.
//!
//! *Invariant:* whoever cannot read the log lets nobody in by a session: it may have ended. What is revoked is so within
//! [`SILENT_MAX`].

use crate::auth::token::{LEEWAY, LIFETIME};
use crate::error::ApiError;
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::clock::Clock;
use millstream_domain::ids::SessionId;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::session::SessionEvent;
use millstream_event_log::{Cut, Event, LogError};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The type of the events that are read.
const ENDED: &str = "session.ended";
/// How far the clocks of nodes may be apart.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::seconds(60);
/// Most records of one read. There are as many in memory at most as sessions end within [`kept`].
const READ_MAX: u32 = 1_000;
/// Pause between two looks.
const POLL: Duration = Duration::from_millis(250);
/// How long ago the log may have been read to its end.
const SILENT_MAX: Duration = Duration::from_secs(5);

/// How long a session's end is remembered: its last token has expired by then, by whichever node's clock.
fn kept() -> TimeDelta {
    LIFETIME + LEEWAY + CLOCKS_APART_MAX * 2
}

/// The sessions that ended lately. Cheap to clone.
#[derive(Clone)]
pub struct EndedSessions(Arc<Shared>);

struct Shared {
    log: PostgresLog,
    clock: Arc<dyn Clock>,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    ended: BTreeMap<SessionId, DateTime<Utc>>,
    /// When the log was last read to its end.
    at: Option<Instant>,
}

impl fmt::Debug for EndedSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndedSessions").finish_non_exhaustive()
    }
}

impl EndedSessions {
    /// Those that this log tells of. Nothing is read yet.
    #[must_use]
    pub fn of(log: PostgresLog, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Shared {
            log,
            clock,
            known: RwLock::default(),
        }))
    }

    /// Follows the log until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut cut = None;
        loop {
            match self.read(cut).await {
                Ok(read) => cut = Some(read),
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "which sessions have ended cannot be read; trying again"
                ),
            }
            tokio::select! {
                () = tokio::time::sleep(POLL) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Whether it is known which have ended.
    pub(crate) fn is_known(&self) -> bool {
        self.known().at.is_some_and(|at| at.elapsed() < SILENT_MAX)
    }

    /// Whether a session has ended.
    pub(crate) fn has(&self, session: SessionId) -> Result<bool, ApiError> {
        if !self.is_known() {
            return Err(ApiError::unavailable(
                "which sessions have ended cannot be read just now",
            ));
        }
        Ok(self.known().ended.contains_key(&session))
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads to the end of the log, from where it was read to; from so far back as matters, at first.
    async fn read(&self, from: Option<Cut>) -> Result<Cut, LogError> {
        let begun = Instant::now();
        let oldest = self.0.clock.now() - kept();
        let tail = self.0.log.bounds().await?.tail;
        let mut cut = match from {
            Some(cut) => cut,
            None => {
                self.0
                    .log
                    .as_of(kept().to_std().unwrap_or_default())
                    .await?
            }
        };
        let mut fresh = Vec::new();
        while cut.seq < tail {
            let read = self.0.log.of_kind(ENDED, cut, tail, READ_MAX).await?;
            let is_all = read.len() < READ_MAX as usize;
            cut = match read.last() {
                Some(last) if !is_all => Cut::at(last.seq),
                Some(_) | None => Cut::at(tail),
            };
            fresh.extend(read.iter().filter_map(|record| {
                let Ok(Event::Session(SessionEvent::Ended(ended))) = record.event() else {
                    return None;
                };
                Some((ended.session_id, record.at))
            }));
        }
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        known.ended.extend(fresh);
        known.ended.retain(|_, at| *at >= oldest);
        known.at = Some(begun);
        Ok(cut)
    }
}
