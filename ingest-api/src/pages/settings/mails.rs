//! Which mails somebody wants.

use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::form::{PageForm, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::mail::MailReason;
use millstream_store::mail::preference::ChoosePreferences;

#[derive(Template)]
#[template(path = "pages/settings_mails.html")]
struct MailsPage {
    shell: Shell,
    choices: Vec<MailChoice>,
    is_saved: bool,
}

struct MailChoice {
    name: &'static str,
    text: &'static str,
    is_wanted: bool,
}

fn text(reason: MailReason, t: &Texts) -> &'static str {
    match reason {
        MailReason::Assigned => t.mail_assigned,
        MailReason::Mentioned => t.mail_mentioned,
        MailReason::Commented => t.mail_commented,
        MailReason::StatusChanged => t.mail_status_changed,
        MailReason::Overdue => t.mail_overdue,
        MailReason::DailySummary => t.mail_daily_summary,
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let is_saved = sent(&mut params, "saved").is_some();
    params.finish(|| Some(()))?;
    let off = app.store().mail_off(viewer.caller.id).await?;
    let shell = Shell::of(&app, viewer, Section::Settings).await?;
    let choice = |reason: &MailReason| MailChoice {
        name: reason.as_str(),
        text: text(*reason, shell.t),
        is_wanted: !off.contains(reason),
    };
    let choices = MailReason::ALL.iter().map(choice).collect();
    crate::pages::render(&MailsPage {
        shell,
        choices,
        is_saved,
    })
}

/// Chooses: a box that is not ticked is not sent.
pub(crate) async fn save(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let mut ticked = |reason: &MailReason| sent(&mut params, reason.as_str()).is_some();
    let wanted = MailReason::ALL.iter().map(|r| (*r, ticked(r))).collect();
    params.finish(|| Some(()))?;
    let choose = ChoosePreferences {
        user_id: viewer.caller.id,
        wanted,
    };
    app.store().write(&viewer.caller.origin, choose).await?;
    Ok(Redirect::to("/settings/mails?saved=1").into_response())
}
