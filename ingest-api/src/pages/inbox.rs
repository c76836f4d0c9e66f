//! `/inbox`: what somebody was told, by task.

use crate::api::notifications::read::IDS_MAX;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded, id, time};
use crate::pages::form::{PageForm, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Choice;
use crate::pages::show::{Avatar, Moment};
use crate::pages::task::comment_url;
use crate::pages::texts::Texts;
use crate::pages::viewer::Viewer;
use crate::position::WaitFor;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use millstream_event_log::events::notification::Selection;
use millstream_store::PageRequest;
use millstream_store::notification::ReadNotifications;
use millstream_store::page::LIMIT_MAX;
use millstream_store::views::notifications::{Notification, NotificationFilter};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Most characters of a reason's name.
const REASON_CHARACTERS_MAX: usize = 32;
/// Most notifications that are marked at once for one reason; whoever has more presses again.
const MARKED_MAX: usize = 5_000;

#[derive(Template)]
#[template(path = "pages/inbox.html")]
struct InboxPage {
    shell: Shell,
    unread_only: bool,
    choices: Vec<Choice>,
    /// Only notifications for this reason; empty for all.
    reason: String,
    /// Whether something unread is shown, or may be on the next page.
    has_unread: bool,
    /// Right after the newest that is shown: what came later was not seen, and is not marked.
    until: String,
    groups: Vec<Group>,
    next: Option<String>,
}

/// The reasons, with their words.
fn choices(unread_only: bool, reason: &str, t: &Texts) -> Vec<Choice> {
    let show = if unread_only { "" } else { "show=all&" };
    let choice = |(name, text)| Choice {
        text,
        url: format!("/inbox?{show}reason={name}"),
        is_chosen: name == reason,
    };
    [
        ("", t.all_reasons),
        ("mentioned", t.only_mentioned),
        ("assigned", t.only_assigned),
        ("commented", t.only_commented),
        ("status_changed", t.only_status_changed),
        ("due_soon", t.only_due_soon),
        ("overdue", t.only_overdue),
    ]
    .map(choice)
    .into()
}

/// What was told of one task.
struct Group {
    name: String,
    title: String,
    lines: Vec<Line>,
    unread: Vec<String>,
    has_unread: bool,
}

struct Line {
    who: Option<Avatar>,
    text: String,
    url: String,
    is_unread: bool,
    at: Moment,
}

impl Line {
    fn of(told: &Notification, shell: &Shell) -> Self {
        let name = told
            .actor
            .as_ref()
            .map_or("", |actor| actor.display_name.as_str());
        Self {
            who: told
                .actor
                .as_ref()
                .map(|actor| Avatar::of(actor.id, &actor.display_name)),
            text: format!("{name} {}", reason(&told.reason, shell.t))
                .trim()
                .to_owned(),
            url: match told.comment_id {
                Some(comment) => comment_url(&told.task_name, comment),
                None => format!("/tasks/{}", told.task_name),
            },
            is_unread: told.read_at.is_none(),
            at: Moment::of(told.at, shell.now, shell.zone),
        }
    }
}

fn reason(word: &str, t: &Texts) -> &'static str {
    match word {
        "assigned" => t.reason_assigned,
        "mentioned" => t.reason_mentioned,
        "status_changed" => t.reason_status_changed,
        "due_soon" => t.reason_due_soon,
        "overdue" => t.reason_overdue,
        _ => t.reason_commented,
    }
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    let unread_only = sent(&mut params, "show").as_deref() != Some("all");
    let reason = params.one("reason", |text| bounded(text, REASON_CHARACTERS_MAX));
    let reason = reason.unwrap_or_default();
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    let person = viewer.caller.person().clone();
    let filter = NotificationFilter {
        unread: unread_only,
        reason: Some(reason.clone()).filter(|reason| !reason.is_empty()),
        before: None,
    };
    let told = app.store().notifications(&person, &filter, &page).await?;
    let shell = Shell::of(&app, viewer, Section::Inbox).await?;
    let page = InboxPage {
        groups: groups(&told.items, &shell),
        next: told.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            let show = if unread_only { "" } else { "show=all&" };
            let reason = utf8_percent_encode(&reason, NON_ALPHANUMERIC);
            format!("/inbox?{show}reason={reason}&cursor={cursor}")
        }),
        has_unread: told.items.iter().any(|one| one.read_at.is_none()),
        until: until(&told.items),
        choices: choices(unread_only, &reason, shell.t),
        unread_only,
        reason,
        shell,
    };
    super::render(&page)
}

/// The time that all of these are before, and nothing that came later: times are kept in microseconds.
fn until(told: &[Notification]) -> String {
    let newest = told.iter().map(|one| one.at).max().unwrap_or_default();
    let after = newest + TimeDelta::microseconds(1);
    after.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// By task, in the order of their newest.
fn groups(told: &[Notification], shell: &Shell) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for one in told {
        let at = groups.iter().position(|group| group.name == one.task_name);
        let at = at.unwrap_or_else(|| {
            groups.push(Group {
                name: one.task_name.clone(),
                title: one.task_title.clone(),
                lines: Vec::new(),
                unread: Vec::new(),
                has_unread: false,
            });
            groups.len() - 1
        });
        let group = &mut groups[at];
        group.lines.push(Line::of(one, shell));
        if one.read_at.is_none() {
            group.unread.push(one.id.to_string());
            group.has_unread = true;
        }
    }
    groups
}

/// Marks some as read, or all that the filter shows; comes back once the inbox shows it.
pub(crate) async fn mark_read(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let until = params.one("until", time);
    let reason = params.one("reason", |text| bounded(text, REASON_CHARACTERS_MAX));
    let reason = reason.filter(|reason| !reason.is_empty());
    let show = sent(&mut params, "show");
    let ids = params.many("id", id);
    params.finish(|| Some(()))?;
    let person = viewer.caller.person();
    let known = app.store().known_notifications(person, &ids).await?;
    if ids.iter().any(|id| !known.contains(id)) {
        return Err(ApiError::not_found());
    }
    let chosen = match (until, &reason) {
        (None, _) => vec![Selection::Ids(ids)],
        (Some(until), None) => vec![Selection::Before(until)],
        (Some(until), Some(_)) => matching(&app, &viewer, reason.clone(), until).await?,
    };
    let mut position = None;
    for selection in chosen {
        let read = ReadNotifications {
            user_id: viewer.caller.id,
            selection,
        };
        let written = app.store().write(&viewer.caller.origin, read).await?;
        position = written.position.or(position);
    }
    if let Some(position) = position {
        // A view that is far behind shows it later; the act is done.
        let _ = WaitFor::of(position).view(&app, "notifications").await;
    }
    let show = show
        .filter(|show| show == "all")
        .map_or("", |_| "show=all&");
    let reason = reason.unwrap_or_default();
    let reason = utf8_percent_encode(&reason, NON_ALPHANUMERIC);
    Ok(Redirect::to(&format!("/inbox?{show}reason={reason}")).into_response())
}

/// What stands unread in the inbox for a reason, up to a time, in portions that one event holds.
async fn matching(
    app: &AppState,
    viewer: &Viewer,
    reason: Option<String>,
    until: DateTime<Utc>,
) -> Result<Vec<Selection>, ApiError> {
    let filter = NotificationFilter {
        unread: true,
        reason,
        before: Some(until),
    };
    let (mut found, mut cursor) = (Vec::new(), None);
    while found.len() < MARKED_MAX {
        let page = PageRequest {
            limit: LIMIT_MAX,
            cursor,
        };
        let person = viewer.caller.person();
        let told = app.store().notifications(person, &filter, &page).await?;
        found.extend(told.items.into_iter().map(|one| one.id));
        cursor = told.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let portions = found.chunks(IDS_MAX);
    Ok(portions.map(|ids| Selection::Ids(ids.to_vec())).collect())
}
