//! The keys that access tokens are signed with, and how they are changed.

use crate::auth::keys::{KeyState, PUBLISHED_BEFORE};
use crate::error::ApiError;
use crate::extract::NoParams;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::policy::Action;

#[derive(Template)]
#[template(path = "pages/admin_keys.html")]
struct KeysPage {
    shell: Shell,
    rows: Vec<KeyRow>,
    /// Files that are no keys and should be.
    odd: Vec<String>,
    /// For how long a key is published before it signs.
    published_s: i64,
}

struct KeyRow {
    kid: String,
    made: Moment,
    state: &'static str,
    /// The colour of its dot.
    dot: &'static str,
    /// What comes next, or came: a word before the time, and the time.
    until: Option<(&'static str, Moment)>,
    /// Whether `keys retire` takes it now.
    may_retire: bool,
}

/// Shows them.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::ReadKeys)?;
    let listing = app.keys()?.list().await.map_err(ApiError::internal)?;
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let rows = listing.keys.into_iter().rev().map(|line| {
        let (state, dot, until) = shown(line.state, &shell);
        KeyRow {
            kid: line.kid,
            made: Moment::of(line.made, shell.now, shell.zone),
            state,
            dot,
            until,
            may_retire: match line.state {
                KeyState::Superseded => true,
                KeyState::Verifying { until } => until <= shell.now,
                _ => false,
            },
        }
    });
    crate::pages::render(&KeysPage {
        rows: rows.collect(),
        odd: listing.odd,
        published_s: PUBLISHED_BEFORE.num_seconds(),
        shell,
    })
}

type Shown = (&'static str, &'static str, Option<(&'static str, Moment)>);

fn shown(state: KeyState, shell: &Shell) -> Shown {
    let t = shell.t;
    let ahead = |at| Moment::ahead(at, shell.now, shell.zone);
    match state {
        KeyState::Published { signs_from } => (
            t.key_published,
            "warn",
            Some((t.key_signs, ahead(signs_from))),
        ),
        KeyState::Signing => (t.key_signing, "good", None),
        KeyState::Verifying { until } if until <= shell.now => (t.key_verifying, "", None),
        KeyState::Verifying { until } => (t.key_verifying, "", Some((t.key_needed, ahead(until)))),
        KeyState::Superseded => (t.key_superseded, "", None),
        KeyState::Retired { at } => {
            let past = Moment::of(at, shell.now, shell.zone);
            (t.key_retired, "", Some(("", past)))
        }
    }
}
