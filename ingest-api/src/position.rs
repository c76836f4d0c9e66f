//! `Millstream-Wait-For`: a read waits until the view it reads has seen a write.

use crate::error::ApiError;
use crate::problem::Code;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::header::{HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use millstream_event_log::{Position, Seq};
use std::time::Duration;

pub(crate) const WAIT_FOR: HeaderName = HeaderName::from_static("millstream-wait-for");
pub(crate) const WAIT_MS: HeaderName = HeaderName::from_static("millstream-wait-ms");

/// How long a read waits when the client does not say.
pub(crate) const WAIT_MS_DEFAULT: u64 = 2_000;
/// Longest wait: well below the patience of proxies.
pub(crate) const WAIT_MS_MAX: u64 = 10_000;
/// First and longest pause between two looks for a write that the mover has not moved yet.
const LOOK_FIRST: Duration = Duration::from_millis(2);
const LOOK_MAX: Duration = Duration::from_millis(100);
/// Pause between two looks at the row of a view. The signal comes first, from this process, or from another one over Redis;
/// looking is what it rests on.
const POLL: Duration = Duration::from_millis(250);

/// What a read is to wait for, and how long.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct WaitFor {
    position: Option<Position>,
    patience: Duration,
}

impl<S: Send + Sync> FromRequestParts<S> for WaitFor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(&parts.headers)
    }
}

impl WaitFor {
    /// For a write of our own, with the usual patience.
    pub(crate) fn of(position: Position) -> Self {
        Self {
            position: Some(position),
            patience: Duration::from_millis(WAIT_MS_DEFAULT),
        }
    }

    /// As the headers of a request say.
    pub(crate) fn parse(headers: &HeaderMap) -> Result<Self, ApiError> {
        let text = |name: HeaderName| {
            headers
                .get(name)
                .map(|value| value.to_str().unwrap_or_default().trim())
        };
        let position = text(WAIT_FOR).map(str::parse).transpose();
        let position = position.map_err(|_| {
            ApiError::bad_request("Millstream-Wait-For must be a Millstream-Position")
        })?;
        let ms = match text(WAIT_MS) {
            None => WAIT_MS_DEFAULT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|ms| *ms <= WAIT_MS_MAX)
                .ok_or_else(|| {
                    ApiError::bad_request(format!(
                        "Millstream-Wait-Ms must be a number from 0 to {WAIT_MS_MAX}"
                    ))
                })?,
        };
        Ok(Self {
            position,
            patience: Duration::from_millis(ms),
        })
    }

    /// The same for another process that is asked instead.
    pub(crate) fn headers(self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if let Some(position) = self.position {
            let position = HeaderValue::try_from(position.to_string());
            headers.insert(
                WAIT_FOR,
                position.expect("a position is a letter and digits"),
            );
            let ms = u64::try_from(self.patience.as_millis()).unwrap_or(WAIT_MS_MAX);
            headers.insert(WAIT_MS, HeaderValue::from(ms));
        }
        headers
    }

    /// Waits until the view has seen the write, if one was named. What is there already is seen even without patience.
    pub(crate) async fn view(self, app: &AppState, view: &str) -> Result<(), ApiError> {
        let Some(position) = self.position else {
            return Ok(());
        };
        let seen = async {
            let seq = moved(app, position).await?;
            reached(app, view, seq).await
        };
        self.bounded(seen, view).await
    }

    /// Waits until the write stands in the log: for what is read from the log itself.
    pub(crate) async fn log(self, app: &AppState) -> Result<(), ApiError> {
        let Some(position) = self.position else {
            return Ok(());
        };
        self.bounded(async { moved(app, position).await.map(|_| ()) }, "the log")
            .await
    }

    async fn bounded(
        self,
        seen: impl Future<Output = Result<(), ApiError>>,
        view: &str,
    ) -> Result<(), ApiError> {
        // A future that is ready is polled before the clock is asked, so a patience of nothing still finds it.
        tokio::time::timeout(self.patience, seen)
            .await
            .unwrap_or_else(|_| {
                let ms = self.patience.as_millis();
                Err(ApiError::new(
                    Code::ViewBehind,
                    format!("{view} had not seen the write after {ms} ms"),
                ))
            })
    }
}

/// The record that a position stands for, once the mover has given it one.
async fn moved(app: &AppState, position: Position) -> Result<Seq, ApiError> {
    let outbox_id = match position {
        Position::View(seq) => return Ok(seq),
        Position::Write(id) => id,
    };
    if let Some(seq) = app.log().seq_of(outbox_id).await? {
        return Ok(seq);
    }
    // Positions are given out after the commit: what is nowhere by now was made up, and is not looked for again and again.
    if !app.log().has_write(outbox_id).await? {
        return Err(ApiError::bad_request(
            "Millstream-Wait-For must be a Millstream-Position that was given out",
        ));
    }
    let mut pause = LOOK_FIRST;
    loop {
        tokio::time::sleep(pause).await;
        if let Some(seq) = app.log().seq_of(outbox_id).await? {
            return Ok(seq);
        }
        pause = (pause * 2).min(LOOK_MAX);
    }
}

/// Waits for the signal of a view, or for its row.
async fn reached(app: &AppState, view: &str, seq: Seq) -> Result<(), ApiError> {
    if app.signals().cut(view).is_some_and(|cut| cut.seq >= seq) {
        return Ok(());
    }
    let row = async {
        loop {
            let cut = app
                .store()
                .pipeline_cut(view)
                .await?
                .and_then(|cut| u64::try_from(cut).ok());
            if cut.is_some_and(|cut| cut >= seq) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    };
    tokio::select! {
        _ = app.signals().reached(view, seq) => Ok(()),
        seen = row => seen,
    }
}
