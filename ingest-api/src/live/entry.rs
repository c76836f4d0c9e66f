//! `GET /live`: who may open a connection, and with what it is bounded.

use super::connection::Connection;
use crate::api::schema::Problems;
use crate::auth::caller::{Caller, authenticate};
use crate::error::ApiError;
use crate::middleware::rate;
use crate::pages::cookie::CookieSecret;
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use millstream_store::session::TokenHash;

/// The subprotocol.
pub(super) const PROTOCOL: &str = "millstream.v1";
/// What stands before the access token among the subprotocols: browsers cannot send other headers.
const BEARER: &str = "bearer.";
/// Bytes that a connection reads at once. axum's own default would take 128 KiB of every idle one.
const READ_BUFFER: usize = 1_024;
/// Bytes that may wait to be written.
const WRITE_BUFFER_MAX: usize = 256 * 1_024;
/// Most bytes of a message from a client: a comment, with room.
const MESSAGE_MAX: usize = 128 * 1_024;

/// How a listener showed who they are; asked again whenever their rights may have changed.
#[derive(Clone)]
pub(super) enum Proof {
    /// By the cookie of a browser.
    Cookie(TokenHash),
    /// By a token.
    Bearer(HeaderMap),
}

impl Proof {
    /// Who that is now.
    pub(super) async fn caller(&self, app: &AppState) -> Result<Caller, ApiError> {
        match self {
            Self::Bearer(headers) => authenticate(app, headers).await,
            Self::Cookie(hash) => {
                let visitor = app.store().visitor(*hash).await?;
                let visitor =
                    visitor.ok_or_else(|| ApiError::unauthenticated("the session has ended"))?;
                Ok(Caller::in_browser(visitor.person, visitor.session))
            }
        }
    }
}

/// Somebody who wants to listen.
pub(crate) struct Guest {
    pub(super) proof: Proof,
    pub(super) caller: Caller,
}

impl FromRequestParts<AppState> for Guest {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let guest = Self::of(&parts.headers, app).await;
        rate::count_for(app, guest.as_ref().ok().map(|guest| &guest.caller))?;
        guest
    }
}

impl Guest {
    async fn of(headers: &HeaderMap, app: &AppState) -> Result<Self, ApiError> {
        let proof = proof(headers)?;
        let caller = proof.caller(app).await?;
        Ok(Self { proof, caller })
    }
}

fn proof(headers: &HeaderMap) -> Result<Proof, ApiError> {
    if headers.contains_key(AUTHORIZATION) {
        let authorization = headers.get_all(AUTHORIZATION).iter();
        let only = authorization.map(|value| (AUTHORIZATION, value.clone()));
        return Ok(Proof::Bearer(only.collect()));
    }
    let offered = headers
        .get(SEC_WEBSOCKET_PROTOCOL)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let token = offered
        .split(',')
        .find_map(|protocol| protocol.trim().strip_prefix(BEARER));
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| ApiError::unauthenticated("the token has no form of ours"))?;
        return Ok(Proof::Bearer(HeaderMap::from_iter([(
            AUTHORIZATION,
            value,
        )])));
    }
    let secret =
        CookieSecret::of(headers).ok_or_else(|| ApiError::unauthenticated("log in first"))?;
    // A cookie comes along whoever asks: only our own pages may.
    if is_foreign(headers) {
        return Err(ApiError::new(
            Code::Forbidden,
            "the connection was not asked for by a page of this server",
        ));
    }
    Ok(Proof::Cookie(secret.hash()))
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(ORIGIN), text(HOST)) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_none_or(|(_, origin_host)| origin_host != host),
        // Browsers name the origin of every WebSocket; event streams of our own pages come without one.
        (None, _) => text("sec-fetch-site".parse().unwrap_or(ORIGIN))
            .is_some_and(|site| !matches!(site, "same-origin" | "none")),
        (Some(_), None) => true,
    }
}

/// A connection with bounds on all that it may hold.
pub(super) fn bounded(upgrade: WebSocketUpgrade) -> WebSocketUpgrade {
    upgrade
        .protocols([PROTOCOL])
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER_MAX)
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
}

/// Too many listen already.
pub(super) fn full() -> ApiError {
    ApiError::unavailable("too many live connections are open: try again later")
}

#[utoipa::path(
    get, path = "/live", tag = "live", operation_id = "listen",
    summary = "Hear of changes",
    description = "A WebSocket, subprotocol `millstream.v1`. Send `{\"subscribe\": [\"task:<id>\", \"project:<id>\", \
                   \"notifications\"]}` (the whole list each time); hear `{\"type\": \"changed\", \"topic\": …, \"position\": …}` \
                   and, of tasks, their comments. After a break, send `{\"resume\": \"<position>\"}` along: nothing is missed and \
                   nothing comes twice. Authenticated by the session cookie of a page of this server, by `Authorization`, or by a \
                   second subprotocol `bearer.<token>`.",
    responses((status = 101, description = "The connection is open"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn live(
    State(app): State<AppState>,
    guest: Guest,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let listener = app.hub().listen(guest.caller.id).ok_or_else(full)?;
    Ok(bounded(upgrade).on_upgrade(move |socket| async move {
        Connection::new(app, guest, listener, socket).run().await;
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_use_the_cookie() {
        let with = |origin: &'static str| {
            HeaderMap::from_iter([
                (HOST, HeaderValue::from_static("tasks.example.org")),
                (ORIGIN, HeaderValue::from_static(origin)),
            ])
        };
        assert!(!is_foreign(&with("https://tasks.example.org")));
        assert!(is_foreign(&with("https://evil.example")));
        assert!(is_foreign(&with("null")));
    }
}
