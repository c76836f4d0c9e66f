//! What every handler can reach.

use crate::api::pipelines::rate::Rates;
use crate::auth::Trust;
use crate::auth::keys::Keys;
use crate::auth::password::Passwords;
use crate::cache::Cache;
use crate::error::ApiError;
use crate::forward::Services;
use crate::live::Hub;
use crate::rate_limit::Limiters;
use crate::settings::Settings;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use millstream_analytics_engine::Engine;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::redis::Redis;
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
    /// The lake and what asks it, where this process keeps one.
    pub analytics: Option<Engine>,
    /// What is shared with other processes in a moment, where there is a Redis.
    pub redis: Option<Redis>,
    /// Where answers are kept for a moment, where that is wanted.
    pub cache: Option<Cache>,
    /// The audit's checkpoints.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// How it is known who asks.
    pub trust: Trust,
    /// Services that requests are passed on to.
    pub services: Services,
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
        let limiters = parts
            .settings
            .rate_limits
            .map(|limits| Limiters::new(limits, parts.redis.as_ref()));
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

    pub(crate) fn analytics(&self) -> Option<&Engine> {
        self.0.parts.analytics.as_ref()
    }

    pub(crate) fn search(&self) -> Option<&Index> {
        self.0.parts.search.as_ref()
    }

    /// What is shared with other processes in a moment, where there is a Redis.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.0.parts.redis.as_ref()
    }

    /// Where answers are kept for a moment, where that is wanted.
    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.0.parts.cache.as_ref()
    }

    pub(crate) fn checkpoints(&self) -> &dyn Checkpoints {
        &*self.0.parts.checkpoints
    }

    pub(crate) fn trust(&self) -> &Trust {
        &self.0.parts.trust
    }

    /// The keys that tokens are signed with. A service of its own has none.
    pub(crate) fn keys(&self) -> Result<&Keys, ApiError> {
        match self.trust() {
            Trust::Own(keys) => Ok(keys),
            Trust::Told(_) => Err(ApiError::unavailable("this process signs no tokens")),
        }
    }

    pub(crate) fn services(&self) -> &Services {
        &self.0.parts.services
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
