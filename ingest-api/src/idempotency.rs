//! `Idempotency-Key`: an act that is asked for twice is done once and answered twice the same.
//!
//! The answer to an act that was done is kept in its own transaction ([`write`]); refusals are kept right after they were
//! told ([`once`]). Kept are 2xx, and 4xx that would be the same again.

use crate::answer::{Answer, PERSONAL};
use crate::auth::Caller;
use crate::error::{ApiError, NO_STORE, PROBLEM_JSON};
use crate::extract::body;
use crate::problem::Code;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, IF_MATCH};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use millstream_domain::policy::{Actor, Visible};
use millstream_domain::user::Role;
use millstream_store::Change;
use millstream_store::idempotency::{Header, IdempotencyKey, StoredAnswer};
use millstream_store::write::Answered;

/// The header that carries the key.
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that tells a repeat.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Most characters of a key.
const KEY_CHARS_MAX: usize = 255;

/// Bytes of what was found that are kept for a repeat: it is there for a day, and anybody may ask thirty times a minute.
const FOUND_BYTES_MAX: usize = 64 * 1024;

/// The key that came with a request, in its scope.
#[derive(Debug, Clone)]
pub(crate) struct SentKey(pub(crate) IdempotencyKey);

/// Answers a repeat as before, and keeps refusals.
pub(crate) async fn once(
    State(app): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    // To other methods the header says nothing, whatever stands in it.
    if !matches!(*request.method(), Method::POST | Method::PATCH) {
        return Ok(next.run(request).await);
    }
    let Some(key) = key_of(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let bytes = body::read(body).await?;
    let caller = parts.extensions.get::<Caller>();
    let id = caller.map(|caller| caller.id.to_string());
    let key = IdempotencyKey::new(
        &id.unwrap_or_default(),
        parts.method.as_str(),
        parts.uri.path(),
        &key,
        &bytes,
    )
    .of_one_who_sees(caller.map_or(Visible::Teams(Vec::new()), |caller| {
        caller.actor.visible_teams()
    }));
    let key = match parts.headers.get(IF_MATCH) {
        Some(versions) => key.on_versions(versions.as_bytes()),
        None => key,
    };
    if let Some(before) = app.store().answered(&key).await? {
        return Ok(replayed(before));
    }
    parts.extensions.insert(SentKey(key.clone()));
    let response = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    if let Some(error) = response
        .extensions()
        .get::<ApiError>()
        .filter(|error| is_kept(error.code))
    {
        app.store().keep_refusal(&key, &refusal(error)).await?;
    }
    Ok(response)
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(KEY).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Ok(None),
        (Some(value), None) => value,
        (Some(_), Some(_)) => {
            return Err(ApiError::bad_request("there must be one Idempotency-Key"));
        }
    };
    // Any text is a key, the empty one too: whoever sent it meant to repeat nothing.
    let key = std::str::from_utf8(value.as_bytes()).ok();
    let key = key.filter(|key| key.chars().count() <= KEY_CHARS_MAX);
    match key {
        Some(key) => Ok(Some(key.to_owned())),
        None => Err(ApiError::bad_request(
            "Idempotency-Key must be UTF-8 of at most 255 characters",
        )),
    }
}

/// Refusals that a repeat would get again. The others depend on who else is about, or on the hour.
fn is_kept(code: Code) -> bool {
    code.status().is_client_error()
        && !matches!(
            code,
            Code::Unauthenticated
                | Code::Timeout
                | Code::Conflict
                | Code::RateLimited
                | Code::IdempotencyKeyReused
        )
}

/// Changes state as the caller, once per idempotency key. `render` makes the answer.
pub(crate) async fn write<C: Change>(
    app: &AppState,
    caller: &Caller,
    change: C,
    render: impl Fn(&C::Output) -> Answer + Send + Sync,
) -> Result<Response, ApiError> {
    let answer = |written: &millstream_store::Written<C::Output>| {
        render(&written.output).at(written.position)
    };
    match app
        .store()
        .write_once(&caller.act(), change, |written| stored(&answer(written)))
        .await?
    {
        Answered::Now(written) => Ok(answer(&written).into_response()),
        Answered::Before(before) => Ok(replayed(before)),
    }
}

/// Answers with what was found, once per idempotency key, if it is [`small`](FOUND_BYTES_MAX): a repeat of what is not kept is
/// looked for again, which changes nothing. `record` says that it was looked for, and is written before anybody is told. The
/// answer stands where the view stood that it was read from, not where the record does.
pub(crate) async fn found<C: Change>(
    app: &AppState,
    caller: &Caller,
    record: C,
    answer: Answer,
) -> Result<Response, ApiError> {
    // What admins alone see must not be found again by one who is no admin any more.
    let is_admin = matches!(&caller.actor, Actor::User(person) if person.role == Role::Admin);
    if is_admin || answer.body().len() > FOUND_BYTES_MAX {
        app.store().write(&caller.origin, record).await?;
        return Ok(answer.into_response());
    }
    let keep = |_: &millstream_store::Written<C::Output>| stored(&answer);
    match app.store().write_once(&caller.act(), record, keep).await? {
        Answered::Now(_) => Ok(answer.into_response()),
        Answered::Before(before) => Ok(replayed(before)),
    }
}

fn stored(answer: &Answer) -> StoredAnswer {
    let header = |(name, value): (&HeaderName, &HeaderValue)| Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    StoredAnswer {
        status: answer.status().as_u16(),
        headers: answer.headers().iter().map(header).collect(),
        body: answer.body().to_vec(),
    }
}

fn refusal(error: &ApiError) -> StoredAnswer {
    let header = |name: HeaderName, value: HeaderValue| Header {
        name: name.as_str().to_owned(),
        value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    StoredAnswer {
        status: error.code.status().as_u16(),
        headers: vec![
            header(CONTENT_TYPE, PROBLEM_JSON),
            header(CACHE_CONTROL, NO_STORE),
        ],
        body: error.body(),
    }
}

fn replayed(before: StoredAnswer) -> Response {
    let mut response = Response::new(Body::from(before.body));
    *response.status_mut() = StatusCode::from_u16(before.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, PERSONAL);
    for Header { name, value } in before.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
