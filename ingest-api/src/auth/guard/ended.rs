//! The sessions that have ended, from the log and from the outbox before it. Only the latest matter: when the last access token of a session has expired,
//! nobody can come with it any more.
//!
//! *Invariant:* whoever cannot read the log lets nobody in by a session: it may have ended. What is revoked is so within
//! [`SILENT_MAX`].

use crate::auth::token::{LEEWAY, LIFETIME};
use crate::error::ApiError;
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::cause::in_full;
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
/// Most records of one read, and most that wait for their place in the log. There are as many in memory at most as sessions
/// end within [`kept`].
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
        let mut told = false;
        loop {
            match self.read(cut).await {
                Ok(read) => {
                    cut = Some(read);
                    told = false;
                }
                Err(error) if !std::mem::replace(&mut told, true) => tracing::warn!(
                    error = in_full(&error),
                    "which sessions have ended cannot be read; trying again"
                ),
                Err(_) => {}
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
        // Before the log, so that none is missed that goes over meanwhile.
        let waiting = self.0.log.waiting_of_kind(ENDED, READ_MAX).await?;
        let is_all_waiting = waiting.len() < READ_MAX as usize;
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
        let mut fresh: Vec<_> = waiting.iter().filter_map(of_subject).collect();
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
        if is_all_waiting {
            known.at = Some(begun);
        }
        Ok(cut)
    }
}

/// The session that an event is about.
fn of_subject((subject, at): &(String, DateTime<Utc>)) -> Option<(SessionId, DateTime<Utc>)> {
    let id = subject.strip_prefix("session/")?.parse().ok()?;
    Some((id, *at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_domain::clock::{IdSource, SystemClock, SystemIds};
    use millstream_event_log::events::session::{EndReason, SessionEnded};
    use millstream_event_log::mover::Mover;
    use millstream_event_log::{NewEvent, Origin, outbox};
    use millstream_store::testing::TestDatabase;

    /// What says that a session ended, and which.
    fn end(ids: &dyn IdSource, at: DateTime<Utc>) -> (SessionId, NewEvent) {
        let session_id = SessionId(ids.next());
        let ended = SessionEnded {
            session_id,
            user_id: millstream_domain::ids::UserId(ids.next()),
            reason: EndReason::LoggedOut,
        };
        let new = NewEvent {
            id: millstream_domain::ids::EventId(ids.next()),
            at,
            origin: Origin::default(),
            event: Event::Session(SessionEvent::Ended(ended)),
        };
        (session_id, new)
    }

    #[tokio::test]
    async fn a_session_has_ended_when_that_is_committed_though_nobody_moves_it_to_the_log() {
        let database = TestDatabase::new().await;
        let (clock, ids) = (Arc::new(SystemClock), SystemIds);
        let (ended, new) = end(&ids, clock.now());
        let mut tx = database.pool().begin().await.expect("a transaction");
        let appended = outbox::append(&mut tx, &[new]).await;
        appended.expect("an event of ours");
        tx.commit().await.expect("a commit");

        let log = PostgresLog::new(database.pool().clone(), None);
        let sessions = EndedSessions::of(log, clock.clone());
        let cut = sessions.read(None).await.expect("the log");
        assert!(sessions.has(ended).expect("it is known"), "while it waits");

        let mover = Mover::new(database.pool().clone());
        mover.move_once().await.expect("a move");
        let again = EndedSessions::of(
            PostgresLog::new(database.pool().clone(), None),
            clock.clone(),
        );
        again.read(None).await.expect("the log");
        assert!(again.has(ended).expect("it is known"), "from the log");
        sessions.read(Some(cut)).await.expect("the log");
        assert!(sessions.has(ended).expect("it is known"), "still");
        let other = SessionId(ids.next());
        assert!(!sessions.has(other).expect("it is known"));
    }
}
