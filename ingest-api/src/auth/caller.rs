//! The person behind a request. The middleware here stands before every route that needs a log-in; a handler asks for a
//! [`Caller`] and so cannot forget it.
//!
//! There are three ways to show who one is: an access token and an API token in `Authorization`, and the cookie of a browser's
//! session. A cookie comes along whoever asks, so it alone lets nobody change anything: [`CSRF`] must come with it, with what
//! every form of that session carries and no other site can know.
//!
//! An API token stands for its person, within its scopes. They are enforced here and nowhere else: [`require`] holds it to
//! reading or lets it change things, the caller's role is narrowed before the policy sees it, and [`in_session`] stands
//! before what no token may touch.

use crate::auth::guard::KnownPerson;
use crate::auth::refusals;
use crate::auth::token::Tokens;
use crate::auth::{Trust, api_token};
use crate::error::ApiError;
use crate::idempotency::SentKey;
use crate::pages::cookie::CookieSecret;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::settings::Settings;
use crate::state::AppState;
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use millstream_domain::api_token::Scopes;
use millstream_domain::ids::{ApiTokenId, SessionId, UserId};
use millstream_domain::policy::{Action, Actor, Person, Refusal, Target, decide};
use millstream_event_log::{Origin, Via};
use millstream_store::Act;
use millstream_store::session::TokenHash;

/// What lets somebody in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credential {
    /// A log-in.
    Session(SessionId),
    /// An API token.
    ApiToken(ApiTokenId, Scopes),
}

/// A logged-in person.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As the policy sees them.
    pub(crate) actor: Actor,
    /// Their id.
    pub(crate) id: UserId,
    /// What let them in.
    pub(crate) credential: Credential,
    /// Where the request came from.
    pub(crate) origin: Origin,
    key: Option<SentKey>,
    /// Their time zone, where that came along with who they are.
    zone: Option<String>,
}

impl Caller {
    /// Who acts, from where, under which idempotency key.
    pub(crate) fn act(&self) -> Act {
        Act {
            origin: self.origin.clone(),
            key: self.key.as_ref().map(|key| key.0.clone()),
        }
    }

    /// Somebody at a browser.
    pub(crate) fn in_browser(person: Person, session: SessionId) -> Self {
        let id = person.id;
        let origin = Origin {
            via: Via::Session,
            ..origin(Some(id))
        };
        Self {
            actor: Actor::User(person),
            id,
            credential: Credential::Session(session),
            origin,
            key: None,
            zone: None,
        }
    }

    /// Somebody whom `web` has let in, as a service knows them.
    pub(super) fn vouched(known: KnownPerson, credential: Credential) -> Self {
        let id = known.person.id;
        let (via, person) = match &credential {
            Credential::Session(_) => (Via::Token, known.person),
            Credential::ApiToken(_, scopes) => (Via::ApiToken, scopes.narrow(known.person)),
        };
        Self {
            actor: Actor::User(person),
            id,
            credential,
            origin: Origin {
                via,
                ..origin(Some(id))
            },
            key: None,
            zone: Some(known.time_zone),
        }
    }

    /// Whether they came with an access token, which services know, too.
    pub(crate) fn has_access_token(&self) -> bool {
        self.origin.via == Via::Token
    }

    /// The name of their time zone.
    pub(crate) async fn time_zone(&self, app: &AppState) -> Result<String, ApiError> {
        match &self.zone {
            Some(zone) => Ok(zone.clone()),
            None => Ok(app.store().user(self.id).await?.state.time_zone.clone()),
        }
    }

    /// Their log-in. API tokens have none, and are refused.
    pub(crate) fn session(&self) -> Result<SessionId, ApiError> {
        match self.credential {
            Credential::Session(session) => Ok(session),
            Credential::ApiToken(..) => Err(ApiError::new(
                Code::Forbidden,
                "an API token cannot do this: log in",
            )),
        }
    }

    /// Whether what let them in also lets them change things. For requests [`require`] asks; whoever changes something in
    /// answer to anything else asks here.
    pub(crate) fn may_change(&self) -> Result<(), ApiError> {
        match &self.credential {
            Credential::ApiToken(_, scopes) if !scopes.may_change() => Err(ApiError::new(
                Code::Forbidden,
                "the API token may only read: this needs the scope `write`",
            )),
            Credential::ApiToken(..) | Credential::Session(_) => Ok(()),
        }
    }

    fn may_send(&self, request: &Request, settings: &Settings) -> Result<(), ApiError> {
        if is_reading(request.method()) {
            return Ok(());
        }
        check_origin(request.headers(), settings)?;
        if only_reads(request) {
            return Ok(());
        }
        self.may_change()
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
    let caller = identify(&app, request.headers()).await?;
    let known = KnownUser(caller.id);
    let mut response = match caller.may_send(&request, app.settings()) {
        Ok(()) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refused) => {
            refusals::tell(&app, &caller, &refusals::Attempt::of(&request)).await;
            refused.into_response()
        }
    };
    response.extensions_mut().insert(known);
    Ok(response)
}

/// Lets only those through who have logged in: what is behind it decides about the account itself.
pub(crate) async fn in_session(
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    caller.session()?;
    Ok(next.run(request).await)
}

fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Questions that are sent as a body, because they are too long for an address, or nobody else's business. They change nothing,
/// so whoever may only read may ask them; a cookie alone does not do for them, because an answer costs much.
const QUESTIONS: [&str; 1] = ["/api/v1/analytics/sql"];

fn only_reads(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>();
    request.method() == Method::POST
        && route.is_some_and(|route| QUESTIONS.contains(&route.as_str()))
}

/// The header in which scripts of our pages send the token of their session's forms.
pub(crate) const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");

/// Refuses what another site made a browser send: whoever is known by a cookie alone must know its token too.
fn check_origin(headers: &HeaderMap, settings: &Settings) -> Result<(), ApiError> {
    let Some(secret) = cookie(headers, settings) else {
        return Ok(());
    };
    let sent = headers.get(CSRF).and_then(|value| value.to_str().ok());
    if sent.is_some_and(|token| secret.fits(token)) {
        return Ok(());
    }
    Err(ApiError::new(
        Code::Forbidden,
        "with a session cookie this needs the header X-CSRF-Token, with what the forms of the session carry",
    ))
}

/// The cookie that a request goes by: one that says who it is in `Authorization` goes by that.
fn cookie(headers: &HeaderMap, settings: &Settings) -> Option<CookieSecret> {
    if headers.contains_key(AUTHORIZATION) {
        return None;
    }
    CookieSecret::of(headers, settings)
}

/// Who it is, by a token or by a cookie.
async fn identify(app: &AppState, headers: &HeaderMap) -> Result<Caller, ApiError> {
    if let Trust::Told(guard) = app.trust() {
        return guard.identify(app, headers).await;
    }
    let Some(secret) = cookie(headers, app.settings()) else {
        return authenticate(app, headers).await;
    };
    let visitor = app.store().visitor(secret.hash()).await?;
    let visitor = visitor.ok_or_else(|| ApiError::unauthenticated(ENDED))?;
    Ok(Caller::in_browser(visitor.person, visitor.session))
}

/// What is said of a session that is not, or not any more.
pub(super) const ENDED: &str = "the session has ended: log in again";

/// Who it was, for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownUser(pub(crate) UserId);

/// Whose token it is that the headers bring.
pub(crate) async fn authenticate(app: &AppState, headers: &HeaderMap) -> Result<Caller, ApiError> {
    let token = bearer(headers)?;
    if token.starts_with(api_token::PREFIX) {
        return by_api_token(app, token).await;
    }
    let tokens = Tokens {
        keys: app.keys()?,
        issuer: &app.settings().public_url,
    };
    // One answer to whatever is wrong with a token: which rule it broke is told to the log alone.
    let claims = tokens
        .check(token, app.now())
        .await
        .map_err(|invalid| ApiError::unauthenticated(INVALID).because(invalid))?;
    let person = app.store().person(claims.sub, claims.sid).await?;
    let person = person.ok_or_else(|| ApiError::unauthenticated(ENDED))?;
    let id = person.id;
    Ok(Caller {
        actor: Actor::User(person),
        id,
        credential: Credential::Session(claims.sid),
        origin: origin(Some(id)),
        key: None,
        zone: None,
    })
}

/// The person of an API token, as far as its scopes go.
async fn by_api_token(app: &AppState, token: &str) -> Result<Caller, ApiError> {
    let bearer = if api_token::is_whole(token) {
        app.store().token_bearer(TokenHash::of(token)).await?
    } else {
        None
    };
    let bearer = bearer.ok_or_else(|| ApiError::unauthenticated(INVALID))?;
    let id = bearer.person.id;
    Ok(Caller {
        actor: Actor::User(bearer.scopes.narrow(bearer.person)),
        id,
        credential: Credential::ApiToken(bearer.id, bearer.scopes),
        origin: Origin {
            via: Via::ApiToken,
            ..origin(Some(id))
        },
        key: None,
        zone: None,
    })
}

/// What is said of every token that is not good, of whichever kind it is.
pub(super) const INVALID: &str =
    "the token is not valid, or not any more: renew it or log in again";

pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or("Bearer"),
        (None, _) => return Err(ApiError::unauthenticated("log in first")),
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request(
                "there must be one Authorization header",
            ));
        }
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated(
            "the Authorization header must be: Bearer, a space, an access token",
        ));
    }
    Ok(token.trim())
}
