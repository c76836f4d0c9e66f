//! What every handler can reach.

use crate::api::pipelines::rate::Rates;
use crate::auth::keys::Keys;
use crate::auth::password::Passwords;
use crate::live::Hub;
use crate::rate_limit::Limiters;
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_search::Index;
use millstream_store::Store;
use std::fmt::Debug;
use std::sync::Arc;

/// The parts that the binary puts together.
#[derive(Debug)]
pub struct Parts {
    /// What leases know this process by: its pipelines are those that it owns.
    pub node: String,
    /// State.
    pub store: Store,
    /// The log: positions and histories.
    pub log: PostgresLog,
    /// What tells that a view has moved on.
    pub signals: Signals,
    /// The search index, where this process keeps one.
    pub search: Option<Index>,
    /// The audit's checkpoints.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// The keys that tokens are signed with.
    pub keys: Keys,
    /// What the operator decided.
    pub settings: Settings,
}

/// Where signed checkpoints of the audit are read. They are kept outside the database, by whoever makes them.
pub trait Checkpoints: Debug + Send + Sync {
    /// The note of the newest; `None` until the first.
    fn latest(&self) -> BoxFuture<'_, Result<Option<String>, CheckpointsUnavailable>>;
}

/// Checkpoints cannot be read just now.
#[derive(Debug, thiserror::Error)]
#[error("the audit's checkpoints cannot be read")]
pub struct CheckpointsUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The same, shared. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    parts: Parts,
    passwords: Passwords,
    rates: Rates,
    limiters: Option<Limiters>,
    hub: Hub,
}

impl AppState {
    /// The state of a server made of these parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let limiters = parts.settings.rate_limits.map(Limiters::new);
        let hub = Hub::within(parts.settings.live);
        Self(Arc::new(Shared {
            parts,
            passwords: Passwords::new(),
            rates: Rates::default(),
            limiters,
            hub,
        }))
    }

    pub(crate) fn node(&self) -> &str {
        &self.0.parts.node
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(crate) fn log(&self) -> &PostgresLog {
        &self.0.parts.log
    }

    pub(crate) fn signals(&self) -> &Signals {
        &self.0.parts.signals
    }

    pub(crate) fn search(&self) -> Option<&Index> {
        self.0.parts.search.as_ref()
    }

    pub(crate) fn checkpoints(&self) -> &dyn Checkpoints {
        &*self.0.parts.checkpoints
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.parts.keys
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.parts.settings
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn rates(&self) -> &Rates {
        &self.0.rates
    }

    /// The quotas, where people are held up at all.
    pub(crate) fn limiters(&self) -> Option<&Limiters> {
        self.0.limiters.as_ref()
    }

    /// Who listens to what; somebody must run it.
    #[must_use]
    pub fn hub(&self) -> &Hub {
        &self.0.hub
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.store().clock().now()
    }
}
