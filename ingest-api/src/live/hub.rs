//! The hub: reads the log's end once for the whole process, and tells the connections that listen.
//!
//! Two tasks in one: [`follow`] tells what stands in the log, as it comes; [`inboxes`] tells of notifications once the view
//! shows them, and holds up nobody who does not ask for them. *Invariant:* what was told, and who listened then, change
//! under one lock. So whoever begins to listen knows exactly what they will be told: all that comes after.

mod ears;
mod follow;
mod inboxes;

use super::limits::LiveLimits;
use super::told::Told;
use super::topic::Topic;
use crate::error::ApiError;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use ears::{EarId, Ears};
pub(super) use inboxes::VIEW;
use millstream_domain::ids::UserId;
use millstream_domain::network::Network;
use millstream_event_log::Seq;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::Receiver;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;

/// Connections that look up at once what they missed: after a restart all of them do, and each holds a batch of records.
const LOOKING_BACK_MAX: usize = 4;

/// A word for a connection.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// A record, and how far inboxes had been told of when it was.
    Record(Arc<Told>, Seq),
    /// The inbox has changed: how far it was told of, and how far the log.
    Inbox { inbox: Seq, log: Seq },
    /// The person's rights may have changed.
    AskAgain,
    /// What the topic is about was moved or is gone: may they still hear of it?
    Check(Topic),
}

/// Who listens to what.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limits: LiveLimits,
    ears: Mutex<Ears>,
    /// The last record that may have changed an inbox.
    stirred: watch::Sender<Seq>,
    looking_back: Semaphore,
    /// Whether the log is followed by now.
    begun: watch::Sender<bool>,
}

impl Default for Shared {
    fn default() -> Self {
        Self::within(LiveLimits::default())
    }
}

impl Shared {
    fn within(limits: LiveLimits) -> Self {
        Self {
            limits,
            ears: Mutex::default(),
            stirred: watch::Sender::new(0),
            looking_back: Semaphore::new(LOOKING_BACK_MAX),
            begun: watch::Sender::new(false),
        }
    }
}

/// A connection's end of its queue. Dropping it ends the listening.
#[derive(Debug)]
pub(super) struct Listener {
    hub: Hub,
    pub(super) id: EarId,
    pub(super) words: Receiver<Word>,
}

/// How far the hub has told, when somebody began to listen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    pub(super) log: Seq,
    pub(super) inbox: Seq,
}

/// No more connections can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as the server holds, or it is about to stop.
    Server,
    /// The person has as many as one may have.
    Person,
    /// As many come from that address as may.
    Address,
}

impl From<Full> for ApiError {
    fn from(full: Full) -> Self {
        match full {
            Full::Server => {
                Self::unavailable("too many live connections are open: try again later")
            }
            Full::Person => Self::new(
                Code::RateLimited,
                "you have too many live connections: close some",
            ),
            Full::Address => Self::new(
                Code::RateLimited,
                "too many live connections come from your address: close some",
            ),
        }
    }
}

impl Hub {
    pub(crate) fn within(limits: LiveLimits) -> Self {
        Self(Arc::new(Shared::within(limits)))
    }

    pub(super) fn limits(&self) -> &LiveLimits {
        &self.0.limits
    }

    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.0.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new listener, for whoever asks in the current request.
    pub(super) fn listen(&self, person: UserId) -> Result<Listener, Full> {
        let from = RequestContext::current().client_ip;
        let from = from.filter(is_limited).map(Network::of);
        let (id, words) = self.ears().add(&self.0.limits, person, from)?;
        Ok(Listener {
            hub: self.clone(),
            id,
            words,
        })
    }

    /// Whether all connections were let go because the server stops.
    pub(super) fn is_stopped(&self) -> bool {
        self.ears().is_closed()
    }

    /// Waits until one more may look back.
    pub(super) async fn turn(&self) -> SemaphorePermit<'_> {
        let turn = self.0.looking_back.acquire().await;
        turn.expect("the semaphore is never closed")
    }

    /// Waits until the log is followed: who listens before is let go when that begins. Cancel-safe.
    pub async fn begun(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// Tells the connections what happens, until told to stop; then lets go of all of them.
    pub async fn run(self, app: AppState, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow(&app) => {}
            () = self.tell_inboxes(&app) => {}
        }
        // Their queues end, and so do the connections.
        self.ears().close();
    }
}

fn is_limited(address: &IpAddr) -> bool {
    !address.to_canonical().is_loopback()
}

impl Listener {
    /// Listens to exactly these topics from now on; how far everybody has been told by now.
    pub(super) fn set(&self, topics: BTreeSet<Topic>) -> Since {
        self.hub.ears().set(self.id, topics)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.ears().remove(self.id);
    }
}
