//! How new a page is: from which record on its live connection has to tell it more, and how far the views are behind that it
//! shows. A page that asks for itself again, because it heard of a change, waits a moment until the views have seen it.

use crate::error::ApiError;
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::lag_ms;
use axum::http::HeaderMap;
use futures::future::join_all;
use millstream_event_log::{Position, Seq};

/// The views that pages show: what happened, inboxes, what is found.
const VIEWS: [&str; 3] = ["activity", "notifications", "search"];

/// How new a page is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fresh {
    /// A record that all of the page is at least as new as; `None` where this process has not heard of the views.
    seen: Option<Seq>,
    /// How long the oldest record has waited that a view has not seen.
    pub(crate) behind_ms: i64,
}

impl Fresh {
    /// Waits, if the request says for what. To be called before anything of the page is read.
    pub(crate) async fn of(app: &AppState, headers: &HeaderMap) -> Result<Self, ApiError> {
        let wait = WaitFor::parse(headers)?;
        let seen = join_all(VIEWS.map(|view| wait.view(app, view))).await;
        // A view that is behind is shown as it is; the page says so.
        let is_missed = seen.iter().any(Result::is_err);
        let cuts = VIEWS.map(|view| app.signals().cut(view).map(|cut| cut.seq));
        let known = cuts.iter().flatten();
        let (oldest, newest) = (known.clone().min().copied(), known.max().copied());
        let is_late = is_missed || oldest < newest;
        Ok(Self {
            seen: oldest,
            behind_ms: if is_late {
                lag_ms(app, &VIEWS).await?
            } else {
                0
            },
        })
    }

    /// From where on the page wants to be told more.
    pub(crate) fn position(self) -> Option<String> {
        self.seen.map(|seq| Position::View(seq).to_string())
    }
}
