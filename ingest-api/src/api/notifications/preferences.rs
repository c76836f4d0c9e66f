//! `GET` and `PUT /notifications/preferences`

use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::boolean;
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::mail::MailReason;
use millstream_store::mail::preference::{ChoosePreferences, MailOff};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What somebody wants to be told, and how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(crate) struct PreferencesBody {
    /// For which reasons they want a mail. The inbox tells everything.
    mail: MailChoices,
}

/// For which reasons somebody wants a mail.
#[derive(Debug, Serialize, ToSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub(crate) struct MailChoices {
    /// They were given a task.
    assigned: bool,
    /// A comment mentions them.
    mentioned: bool,
    /// Somebody commented on a task they take part in.
    commented: bool,
    /// The status of a task they take part in changed.
    status_changed: bool,
    /// A task they work on was not done when it was due.
    overdue: bool,
    /// The summary of the day.
    daily_summary: bool,
}

/// What is to be different: reasons that are not named stay as they are.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct PreferencesEdit {
    mail: MailEdit,
}

/// For which reasons somebody wants a mail, or wants none any more.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct MailEdit {
    #[schema(required = false, nullable = false)]
    assigned: Option<bool>,
    #[schema(required = false, nullable = false)]
    mentioned: Option<bool>,
    #[schema(required = false, nullable = false)]
    commented: Option<bool>,
    #[schema(required = false, nullable = false)]
    status_changed: Option<bool>,
    #[schema(required = false, nullable = false)]
    overdue: Option<bool>,
    #[schema(required = false, nullable = false)]
    daily_summary: Option<bool>,
}

fn body(off: &MailOff) -> PreferencesBody {
    let wanted = |reason| !off.contains(&reason);
    PreferencesBody {
        mail: MailChoices {
            assigned: wanted(MailReason::Assigned),
            mentioned: wanted(MailReason::Mentioned),
            commented: wanted(MailReason::Commented),
            status_changed: wanted(MailReason::StatusChanged),
            overdue: wanted(MailReason::Overdue),
            daily_summary: wanted(MailReason::DailySummary),
        },
    }
}

#[utoipa::path(
    get, path = "/notifications/preferences", tag = "notifications",
    summary = "Which mails you want",
    responses((status = 200, description = "Your choices", body = One<PreferencesBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_preferences(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
) -> Result<Answer, ApiError> {
    Ok(Answer::one(body(&app.store().mail_off(caller.id).await?)))
}

#[utoipa::path(
    put, path = "/notifications/preferences", tag = "notifications",
    summary = "Choose which mails you want",
    description = "Reasons that are not named stay as they are. Mails about your account cannot be turned off.",
    request_body = PreferencesEdit,
    responses((status = 200, description = "Your choices now", body = One<PreferencesBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn choose_preferences(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let choose = read(fields, &caller)?;
    write(&app, &caller, choose, |off| Answer::one(body(off))).await
}

fn read(mut fields: Fields, caller: &Caller) -> Result<ChoosePreferences, ApiError> {
    let wanted = fields.object("mail", |mail| {
        let all = MailReason::ALL.iter().copied();
        let named = all.filter_map(|reason| {
            let wanted = mail.changed(reason.as_str(), boolean)?;
            Some((reason, wanted))
        });
        Some(named.collect::<BTreeMap<_, _>>())
    });
    let user_id = caller.id;
    fields.finish(|| {
        let wanted = wanted?;
        Some(ChoosePreferences { user_id, wanted })
    })
}
