//! The person behind a request. The middleware here stands before every route that needs a log-in; a handler asks for a
//! [`Caller`] and so cannot forget it.

use crate::auth::token::Tokens;
use crate::error::ApiError;
use crate::idempotency::SentKey;
use crate::request::RequestContext;
use crate::state::AppState;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::policy::{Action, Actor, Person, Refusal, Target, decide};
use millstream_event_log::{Origin, Via};
use millstream_store::Act;

/// A logged-in person.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As the policy sees them.
    pub(crate) actor: Actor,
    /// Their id.
    pub(crate) id: UserId,
    /// Their log-in.
    pub(crate) session: SessionId,
    /// Where the request came from.
    pub(crate) origin: Origin,
    key: Option<SentKey>,
}

impl Caller {
    /// Who acts, from where, under which idempotency key.
    pub(crate) fn act(&self) -> Act {
        Act {
            origin: self.origin.clone(),
            key: self.key.as_ref().map(|key| key.0.clone()),
        }
    }

    /// The person, with their roles.
    pub(crate) fn person(&self) -> &Person {
        self.actor.person().expect("a caller is made of a person")
    }

    /// Asks the policy about something that belongs to no team.
    pub(crate) fn may(&self, action: Action) -> Result<(), Refusal> {
        decide(&self.actor, action, Target::SYSTEM)
    }
}

/// Where a request came from, when nobody is logged in.
pub(crate) fn anonymous_origin() -> Origin {
    origin(None)
}

fn origin(actor: Option<UserId>) -> Origin {
    let cx = RequestContext::current();
    Origin {
        actor,
        via: Via::Token,
        client_ip: cx.client_ip.map(|ip| ip.to_string()),
        user_agent: cx.user_agent.clone(),
        request_id: Some(cx.id.clone()),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Self>().cloned();
        let mut caller = caller.ok_or_else(|| ApiError::unauthenticated("log in first"))?;
        caller.key = parts.extensions.get::<SentKey>().cloned();
        Ok(caller)
    }
}

/// Lets only logged-in people through.
pub(crate) async fn require(
    State(app): State<AppState>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let caller = authenticate(&app, request.headers()).await?;
    let known = KnownUser(caller.id);
    request.extensions_mut().insert(caller);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(known);
    Ok(response)
}

/// Who it was, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownUser(pub(crate) UserId);

async fn authenticate(app: &AppState, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = bearer(headers)?;
    let tokens = Tokens {
        keys: app.keys(),
        issuer: &app.settings().public_url,
    };
    let claims = tokens.check(token, app.now()).map_err(|invalid| {
        ApiError::unauthenticated("the access token is not valid: renew it or log in again")
            .because(invalid)
    })?;
    let person = app.store().person(claims.sub, claims.sid).await?;
    let person =
        person.ok_or_else(|| ApiError::unauthenticated("the session has ended: log in again"))?;
    let id = person.id;
    Ok(Caller {
        actor: Actor::User(person),
        id,
        session: claims.sid,
        origin: origin(Some(id)),
        key: None,
    })
}

fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        (None, _) => return Err(ApiError::unauthenticated("log in first")),
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "there must be one Authorization header",
            ));
        }
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") || token.trim().is_empty() {
        return Err(ApiError::unauthenticated(
            "the Authorization header must be: Bearer, a space, an access token",
        ));
    }
    Ok(token.trim())
}
