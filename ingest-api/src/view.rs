//! How far a view is, as its readers are told.

use crate::answer::{Answer, LAG_MS, POSITION};
use crate::error::ApiError;
use crate::position::WaitFor;
use crate::state::AppState;
use axum::http::{HeaderMap, HeaderValue};
use millstream_event_log::{Position, Seq};
use millstream_store::pipeline::PipelineStatus;

/// Where a view stood before it was read: what it shows is at least as new.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    seq: Seq,
    lag_ms: i64,
}

impl Seen {
    /// The place in the log that the view had come to.
    pub(crate) fn seq(self) -> Seq {
        self.seq
    }

    /// The same for readers.
    pub(crate) fn headers(self) -> HeaderMap {
        let position = HeaderValue::try_from(Position::View(self.seq).to_string());
        HeaderMap::from_iter([
            (
                POSITION,
                position.expect("a position is a letter and digits"),
            ),
            (LAG_MS, HeaderValue::from(self.lag_ms)),
        ])
    }
}

/// Waits as the client asked, and says how far the view is. To be called before the view is read.
pub(crate) async fn seen(app: &AppState, wait: WaitFor, view: &str) -> Result<Seen, ApiError> {
    wait.view(app, view).await?;
    let row = app
        .store()
        .pipelines()
        .await?
        .into_iter()
        .find(|pipeline| keeps(pipeline, view, app.node()));
    let row_seq = row
        .as_ref()
        .and_then(|row| u64::try_from(row.cut).ok())
        .unwrap_or(0);
    let signalled = app.signals().cut(view).map_or(0, |cut| cut.seq);
    Ok(Seen {
        seq: row_seq.max(signalled),
        lag_ms: row.map_or(0, |row| row.lag_ms),
    })
}

/// How far the one of these views is behind that is furthest behind.
pub(crate) async fn lag_ms(app: &AppState, views: &[&str]) -> Result<i64, ApiError> {
    let pipelines = app.store().pipelines().await?;
    let of_views = pipelines
        .iter()
        .filter(|pipeline| views.iter().any(|view| keeps(pipeline, view, app.node())));
    Ok(of_views.map(|pipeline| pipeline.lag_ms).max().unwrap_or(0))
}

/// Whether the pipeline keeps the view that this process reads: the one that all share, or its own.
fn keeps(pipeline: &PipelineStatus, view: &str, node: &str) -> bool {
    match pipeline.name.split_once('@') {
        None => pipeline.name == view,
        Some((name, of)) => name == view && of == node,
    }
}

impl Answer {
    /// With how far the view is.
    pub(crate) fn of_view(self, seen: Seen) -> Self {
        self.with_headers(seen.headers())
    }
}
