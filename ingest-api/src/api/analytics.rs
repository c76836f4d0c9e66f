//! Analytics: reports from the lake, within what the caller sees. What each number means stands in `docs/ANALYTICS.md`.
//!
//! A report is a view: it waits as the client asks, and says how far it is. So is what SQL answers. Reports that are made in
//! the background will stand here beside them.

pub(crate) mod bodies;
pub(crate) mod dashboard;
pub(crate) mod distribution;
pub(crate) mod flow;
pub(crate) mod performance;
pub(crate) mod sql;
mod statement;
pub(crate) mod stats;

use crate::answer::Answer;
use crate::auth::Caller;
use crate::cache::Name;
use crate::error::ApiError;
use crate::extract::Params;
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::{Seen, seen};
use chrono_tz::Tz;
use millstream_analytics_engine::reports::{DAYS_DEFAULT, DAYS_MAX, Question, Scope};
use millstream_analytics_engine::session::Asker;
use millstream_analytics_engine::{Engine, LakeError, Session};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_event_log::Position;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt::Debug;

/// The view behind it.
pub(crate) const VIEW: &str = "lake";

/// `days`: how many, today among them.
pub(crate) fn days(params: &mut Params) -> u32 {
    let days = params.one("days", |text| {
        let days = text
            .parse()
            .ok()
            .filter(|days| (1..=DAYS_MAX).contains(days));
        days.ok_or_else(|| {
            let text = format!("must be a number from 1 to {DAYS_MAX}");
            Invalid::new(FieldCode::OutOfRange, text)
        })
    });
    days.unwrap_or(DAYS_DEFAULT)
}

/// The same where nothing else can be asked for.
pub(crate) fn only_days(mut params: Params) -> Result<u32, ApiError> {
    let days = days(&mut params);
    params.finish(|| Some(days))
}

/// Answers with a report about one thing, within so many days. `of` is which report, `make` makes it.
pub(crate) async fn about_one<T, F>(
    app: &AppState,
    caller: &Caller,
    wait: WaitFor,
    params: Params,
    (of, id): (&'static str, impl Debug),
    make: impl FnOnce(u32) -> F,
) -> Result<Answer, ApiError>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, ApiError>>,
{
    let days = only_days(params)?;
    let seen = seen(app, wait, VIEW).await?;
    let body = kept(app, caller, seen, named(of, id, days), || make(days)).await?;
    Ok(Answer::one(body).of_view(seen))
}

/// What a report about one thing is kept by.
pub(crate) fn named(of: &'static str, id: impl Debug, days: u32) -> (&'static str, String) {
    (of, format!("{:?}", (id, days)))
}

/// A report for a page: from the service that keeps the lake, where there is one; otherwise as the API tells it.
pub(crate) async fn for_page<T, F>(
    app: &AppState,
    caller: &Caller,
    path: &str,
    about: (&'static str, String),
    make: impl FnOnce() -> F,
) -> Result<T, ApiError>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, ApiError>>,
{
    if let Some(told) = elsewhere(app, caller, path).await? {
        return Ok(told);
    }
    let seen = seen(app, WaitFor::default(), VIEW).await?;
    kept(app, caller, seen, about, make).await
}

/// What the caller asks, in the days of their zone.
pub(crate) async fn question(
    app: &AppState,
    caller: &Caller,
    days: u32,
    scope: Scope,
) -> Result<Question, ApiError> {
    let zone = caller.time_zone(app).await?;
    Ok(Question {
        now: app.now(),
        zone: zone.parse().unwrap_or(Tz::UTC),
        days,
        scope,
    })
}

/// A report, as it was told to whoever asked the same, with the same rights, within this minute and where the lake stands now;
/// otherwise as it is made now. `about` is what is asked, but for whom.
pub(crate) async fn kept<T, F>(
    app: &AppState,
    caller: &Caller,
    seen: Seen,
    (of, about): (&'static str, String),
    make: impl FnOnce() -> F,
) -> Result<T, ApiError>
where
    T: Serialize + DeserializeOwned,
    F: Future<Output = Result<T, ApiError>>,
{
    let Some(cache) = app.cache() else {
        return make().await;
    };
    let zone = caller.time_zone(app).await?;
    // What is overdue changes with time alone.
    let minute = app.now().timestamp() / 60;
    let question = (about, format!("{:?}", caller.actor), zone, minute);
    cache
        .answer(&Name::new(of, seen.seq(), &question), make)
        .await
}

/// Asks the lake as the caller: what it answers, and the place in the log that all of it is as of.
pub(crate) async fn ask<T, F>(
    app: &AppState,
    caller: &Caller,
    question: impl FnOnce(Session) -> F,
) -> Result<(T, String), ApiError>
where
    F: Future<Output = Result<T, LakeError>>,
{
    let asked = move |session: Session| {
        let as_of = Position::View(session.cut()).to_string();
        let told = question(session);
        async move { Ok((told.await?, as_of)) }
    };
    let answered = engine(app)?.answer(&asker(caller), asked).await;
    answered.map_err(refused)
}

/// The caller, to the lake. It follows behind: who has left a team must not see its numbers meanwhile.
fn asker(caller: &Caller) -> Asker {
    Asker {
        id: caller.id,
        visible: caller.actor.visible_teams(),
    }
}

/// The answer of the service that keeps the lake, to a page of a process that does not.
async fn elsewhere<T: DeserializeOwned>(
    app: &AppState,
    caller: &Caller,
    path: &str,
) -> Result<Option<T>, ApiError> {
    let Some(service) = &app.services().analytics else {
        return Ok(None);
    };
    let path = format!("/api/v1/analytics/{path}");
    let told: Told<T> = service.read(app, caller, &path).await?;
    Ok(Some(told.data))
}

/// What an answer is about, without the rest of its envelope.
#[derive(Deserialize)]
struct Told<T> {
    data: T,
}

fn engine(app: &AppState) -> Result<&Engine, ApiError> {
    app.analytics()
        .ok_or_else(|| ApiError::unavailable("this server keeps no lake"))
}

/// What is not there, or not for the caller to see.
pub(crate) fn found<T>(thing: Option<T>) -> Result<T, ApiError> {
    thing.ok_or_else(ApiError::not_found)
}

fn refused(error: LakeError) -> ApiError {
    let told = match &error {
        LakeError::CatchingUp => "the lake is catching up after a restart: try again in a moment",
        LakeError::Busy => "too many reports are being made at once: try again in a moment",
        LakeError::TooSlow => {
            "the report took longer than it may: ask for fewer days, or for one team"
        }
        LakeError::TooLarge(_) => {
            "the report needs more memory than it may have: ask for fewer days"
        }
        LakeError::Query(_) | LakeError::Misfit { .. } => return ApiError::internal(error),
        LakeError::Overtaken(_) | LakeError::Unavailable(_) => "the lake does not answer",
    };
    ApiError::unavailable(told).because(error)
}
