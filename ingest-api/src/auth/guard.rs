//! How a service of its own (`search`, `analytics`) knows who asks. It holds no private key and shares no secret, and asks
//! nobody: it believes what `web` signed, and learns the rest from the log.
//!
//! - [`published`]: the public keys of `web`, fetched and kept;
//! - [`ended`]: the sessions that have ended;
//! - [`People`]: who people are and which teams they are in, as the service's own view knows.
//!
//! A request that waits for a write (`Millstream-Wait-For`) waits before anybody looks who it is: the rights that count are
//! those of the view that is then read.

mod ended;
mod published;

pub use ended::EndedSessions;
pub use published::PublishedKeys;

use super::caller::{Caller, Credential, INVALID, bearer};
use super::internal_token::vouched;
use super::token::Parts;
use crate::error::ApiError;
use crate::position::WaitFor;
use crate::state::AppState;
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Person;
use millstream_domain::user::Role;
use millstream_store::pipeline::PipelineStatus;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a service's view knows of people.
pub trait People: Debug + Send + Sync {
    /// Somebody; `None` when the view has not heard of them yet.
    fn person(&self, id: UserId) -> BoxFuture<'_, Result<Option<KnownPerson>, PeopleUnavailable>>;
}

/// Somebody, as a view knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownPerson {
    /// Their roles.
    pub person: Person,
    /// Their time zone.
    pub time_zone: String,
    /// Whether they may see anything at all.
    pub active: bool,
}

/// The view does not answer.
#[derive(Debug, thiserror::Error)]
#[error("who people are cannot be read")]
pub struct PeopleUnavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Lets people in to a service.
#[derive(Debug, Clone)]
pub struct Guard {
    /// What tokens are checked with.
    pub keys: PublishedKeys,
    /// Whose tokens do not count any more.
    pub ended: EndedSessions,
    /// Who people are.
    pub people: Arc<dyn People>,
    /// The view that the service reads: whose rights count, and which requests wait for.
    pub view: &'static str,
    /// Whether that view was up to date once since the start.
    caught_up: Arc<AtomicBool>,
}

/// How far behind a view may be that counts as up to date: it is being written to.
const CAUGHT_UP_LAG_MS_MAX: i64 = 5_000;

impl Guard {
    /// For a service that reads this view.
    #[must_use]
    pub fn new(
        view: &'static str,
        keys: PublishedKeys,
        ended: EndedSessions,
        people: Arc<dyn People>,
    ) -> Self {
        Self {
            keys,
            ended,
            people,
            view,
            caught_up: Arc::default(),
        }
    }

    /// Whether it can tell people apart by now.
    pub(crate) fn is_ready(&self) -> bool {
        self.keys.is_known() && self.ended.is_known()
    }

    /// Whether the service's view has been up to date: before that it knows half of everything, and others know more. Later it
    /// may fall behind, and tells so in its answers.
    pub(crate) fn has_caught_up(&self, node: &str, pipelines: &[PipelineStatus]) -> bool {
        let is_ours = |p: &&PipelineStatus| p.name.split_once('@') == Some((self.view, node));
        let ours = pipelines.iter().find(is_ours);
        if ours.is_some_and(|p| p.lag_ms < CAUGHT_UP_LAG_MS_MAX && p.state == "running") {
            self.caught_up.store(true, Ordering::Relaxed);
        }
        self.caught_up.load(Ordering::Relaxed)
    }

    /// Whose token it is that the headers bring.
    pub(super) async fn identify(
        &self,
        app: &AppState,
        headers: &HeaderMap,
    ) -> Result<Caller, ApiError> {
        let token = bearer(headers)?;
        let invalid = |invalid| ApiError::unauthenticated(INVALID).because(invalid);
        let parts = Parts::of(token).map_err(invalid)?;
        let key = self.keys.find(&parts.kid().map_err(invalid)?).await?;
        let issuer = &app.settings().public_url;
        let vouched = vouched(&parts, token, key.as_deref(), issuer, app.now()).map_err(invalid)?;
        WaitFor::parse(headers)?.view(app, self.view).await?;
        if let Credential::Session(session) = vouched.credential
            && self.ended.has(session)?
        {
            return Err(ApiError::unauthenticated(super::caller::ENDED));
        }
        let known = self.people.person(vouched.user).await.map_err(|away| {
            ApiError::unavailable("who people are cannot be read just now").because(away)
        })?;
        // Whoever has a token is somebody. The view follows behind: until it has heard of them, they see nothing.
        let known = known.unwrap_or_else(|| KnownPerson {
            person: Person {
                id: vouched.user,
                role: Role::Member,
                teams: BTreeMap::new(),
            },
            time_zone: "UTC".to_owned(),
            active: true,
        });
        if !known.active {
            return Err(ApiError::unauthenticated(super::caller::ENDED));
        }
        Ok(Caller::vouched(known, vouched.credential))
    }
}
