//! `GET /notifications`, `GET /notifications/count`

use super::VIEW;
use crate::answer::{Answer, Many, One};
use crate::api::ActorBody;
use crate::api::activity::list::TaskName;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::params::flag;
use crate::extract::{NoParams, Params};
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, EventId, NotificationId};
use millstream_store::views::notifications::{Notification, NotificationFilter};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that concerns you.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct NotificationBody {
    #[schema(value_type = Uuid)]
    id: NotificationId,
    /// Why you are told: `assigned`, `mentioned`, `commented`, `status_changed`, `due_soon` or `overdue`.
    #[schema(example = "mentioned")]
    reason: String,
    #[schema(value_type = Uuid)]
    event_id: EventId,
    /// Such as `comment.created`.
    #[serde(rename = "type")]
    kind: String,
    /// Who acted; null for Millstream itself.
    actor: Option<ActorBody>,
    task: TaskName,
    #[schema(value_type = Option<Uuid>)]
    comment_id: Option<CommentId>,
    /// Where to read on.
    url: String,
    read_at: Option<DateTime<Utc>>,
    snoozed_until: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl From<Notification> for NotificationBody {
    fn from(notification: Notification) -> Self {
        let task = format!("/api/v1/tasks/{}", notification.task_id);
        let comment = notification
            .comment_id
            .map(|id| format!("/comments/{id}"))
            .unwrap_or_default();
        Self {
            id: notification.id,
            reason: notification.reason,
            event_id: notification.event_id,
            kind: notification.kind,
            actor: notification.actor.as_ref().map(ActorBody::from),
            task: TaskName {
                id: notification.task_id,
                name: notification.task_name,
                title: notification.task_title,
            },
            comment_id: notification.comment_id,
            url: task + &comment,
            read_at: notification.read_at,
            snoozed_until: notification.snoozed_until,
            created_at: notification.at,
        }
    }
}

/// How many notifications are not read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UnreadCount)]
pub(crate) struct CountBody {
    pub(crate) unread: i64,
}

#[utoipa::path(
    get, path = "/notifications", tag = "notifications",
    summary = "Your notifications",
    description = "Newest first. A view: it answers how far it is.",
    params(
        WaitFor,
        ("unread" = Option<bool>, Query, description = "`true`: only those that you have not read"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of notifications", body = Many<NotificationBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_notifications(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let unread = params.one("unread", flag).unwrap_or(false);
    let page = params.page();
    params.finish(|| Some(()))?;
    let seen = seen(&app, wait, VIEW).await?;
    let notifications = app
        .store()
        .notifications(caller.person(), &NotificationFilter::unread(unread), &page)
        .await?;
    Ok(Answer::page(notifications.map(NotificationBody::from)).of_view(seen))
}

#[utoipa::path(
    get, path = "/notifications/count", tag = "notifications",
    summary = "How many you have not read",
    params(WaitFor),
    responses((status = 200, description = "The number", body = One<CountBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn count_notifications(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let seen = seen(&app, wait, VIEW).await?;
    let unread = app.store().unread_count(caller.person()).await?;
    Ok(Answer::one(CountBody { unread }).of_view(seen))
}
