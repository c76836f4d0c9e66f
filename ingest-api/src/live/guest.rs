//! Who listens, how they showed who they are, and whether that still holds.
//!
//! A connection lives longer than a request, and what let somebody in may end meanwhile. So the proof is kept and shown
//! again: when the log says that their rights may have changed, every minute, when a token has run out, and before anything
//! is written.

use super::socket::End;
use super::topic::Topic;
use crate::auth::caller::{Caller, authenticate};
use crate::auth::token::LEEWAY;
use crate::error::ApiError;
use crate::middleware::rate;
use crate::own_site;
use crate::pages::cookie::CookieSecret;
use crate::settings::Settings;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::extract::ws::close_code;
use axum::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use millstream_domain::policy::{Action, Target, decide};
use millstream_store::session::TokenHash;
use millstream_store::task::TaskRef;
use serde::Deserialize;
use std::time::Duration;

/// What stands before the access token among the subprotocols: browsers cannot send other headers.
const BEARER: &str = "bearer.";
/// Why a connection is closed whose person is not known any more.
const ENDED: End = End::Closed(
    super::socket::ENDED,
    "the session or token has ended: log in again",
);
/// Why a connection is closed of whose person nothing can be learned: rather closed than told what may not be told.
const UNSURE: End = End::Closed(close_code::AGAIN, "try again");

/// How a listener showed who they are.
#[derive(Debug, Clone)]
enum Proof {
    /// By the cookie of a browser.
    Cookie(TokenHash),
    /// By a token, as the `Authorization` header has it.
    Bearer(HeaderValue),
}

impl Proof {
    fn of(headers: &HeaderMap, settings: &Settings) -> Result<Self, ApiError> {
        let mut authorization = headers.get_all(AUTHORIZATION).iter();
        match (authorization.next(), authorization.next()) {
            // A copy: the header as it came holds on to all that was read with it.
            (Some(value), None) => return Self::bearer(value.as_bytes()),
            (Some(_), Some(_)) => {
                return Err(ApiError::bad_request(
                    "there must be one Authorization header",
                ));
            }
            (None, _) => {}
        }
        if let Some(token) = offered_token(headers) {
            return Self::bearer(format!("Bearer {token}").as_bytes());
        }
        let secret = CookieSecret::of(headers, settings)
            .ok_or_else(|| ApiError::unauthenticated("log in first"))?;
        // A cookie comes along whoever asks: only our own pages may.
        if !own_site::asked(settings, headers) {
            return Err(own_site::refused(
                settings,
                "the connection was not asked for by a page of this server",
            ));
        }
        Ok(Self::Cookie(secret.hash()))
    }

    fn bearer(value: &[u8]) -> Result<Self, ApiError> {
        HeaderValue::from_bytes(value)
            .map(Self::Bearer)
            .map_err(|_| ApiError::unauthenticated("the token has no form of ours"))
    }

    /// Who that is now.
    async fn caller(&self, app: &AppState) -> Result<Caller, ApiError> {
        match self {
            Self::Bearer(value) => {
                authenticate(app, &HeaderMap::from_iter([(AUTHORIZATION, value.clone())])).await
            }
            Self::Cookie(hash) => {
                let visitor = app.store().visitor(*hash).await?;
                let visitor =
                    visitor.ok_or_else(|| ApiError::unauthenticated("the session has ended"))?;
                Ok(Caller::in_browser(visitor.person, visitor.session))
            }
        }
    }

    /// When it runs out by itself, where it says so: access tokens do, and what else ends is found out by asking. To be
    /// read only once it was found good.
    fn until(&self) -> Option<DateTime<Utc>> {
        #[derive(Deserialize)]
        struct Expiry {
            exp: i64,
        }
        let Self::Bearer(value) = self else {
            return None;
        };
        let payload = value.to_str().ok()?.split('.').nth(1)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let Expiry { exp } = serde_json::from_slice(&payload).ok()?;
        Some(DateTime::from_timestamp_secs(exp)? + LEEWAY)
    }
}

fn offered_token(headers: &HeaderMap) -> Option<&str> {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let mut protocols = offered.split(',');
    protocols.find_map(|protocol| protocol.trim().strip_prefix(BEARER))
}

/// Somebody who wants to listen, or does.
#[derive(Debug)]
pub(crate) struct Guest {
    proof: Proof,
    /// Who they are, as far as that was asked last.
    pub(super) caller: Caller,
    until: Option<DateTime<Utc>>,
}

impl FromRequestParts<AppState> for Guest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let guest = Self::of(&parts.headers, app).await;
        rate::count_for(app, guest.as_ref().ok().map(|guest| &guest.caller)).await?;
        guest
    }
}

impl Guest {
    async fn of(headers: &HeaderMap, app: &AppState) -> Result<Self, ApiError> {
        let proof = Proof::of(headers, app.settings())?;
        let caller = proof.caller(app).await?;
        let until = proof.until();
        Ok(Self {
            proof,
            caller,
            until,
        })
    }

    /// How long what they showed is good for, where that is known: nothing, when it has run out.
    pub(super) fn left(&self, app: &AppState) -> Option<Duration> {
        let left = self.until? - app.now();
        Some(left.to_std().unwrap_or_default())
    }

    /// Shows the proof again; whether their rights are others than before. The end, where it holds no more.
    pub(super) async fn ask_again(&mut self, app: &AppState) -> Result<bool, End> {
        match self.proof.caller(app).await {
            Ok(caller) => {
                let is_other = caller.actor != self.caller.actor;
                self.caller = caller;
                // What should have run out and has not is asked for every minute, like all else.
                self.until = self.until.filter(|until| *until > app.now());
                Ok(is_other)
            }
            Err(error) if error.code.status().is_client_error() => Err(ENDED),
            Err(_) => Err(UNSURE),
        }
    }

    /// Whether they may hear of a topic.
    pub(super) async fn may_hear(&self, app: &AppState, topic: Topic) -> Result<bool, End> {
        self.sees(app, topic).await.map_err(|_| UNSURE)
    }

    async fn sees(&self, app: &AppState, topic: Topic) -> Result<bool, ApiError> {
        let actor = &self.caller.actor;
        let team = match topic {
            Topic::Notifications(person) => return Ok(person == self.caller.id),
            Topic::Task(id) => match app.store().task(actor, &TaskRef::Id(id)).await {
                Ok(task) => task.state.team_id,
                Err(error) => return absent(error.into()),
            },
            Topic::Project(id) => match app.store().project(actor, id).await {
                Ok(project) => project.team_id,
                Err(error) => return absent(error.into()),
            },
        };
        Ok(decide(actor, Action::ReadTeam, Target::team(team)).is_ok())
    }
}

fn absent(error: ApiError) -> Result<bool, ApiError> {
    if error.code.status().is_client_error() {
        return Ok(false);
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_says_until_when_it_is_good_and_an_api_token_does_not() {
        let payload = URL_SAFE_NO_PAD.encode("{\"exp\":1000}");
        let jwt = Proof::bearer(format!("Bearer x.{payload}.y").as_bytes()).unwrap();
        assert_eq!(
            jwt.until(),
            DateTime::from_timestamp_secs(1_000).map(|exp| exp + LEEWAY)
        );
        let api_token = Proof::bearer(b"Bearer mst_abc").unwrap();
        assert_eq!(api_token.until(), None);
    }
}
