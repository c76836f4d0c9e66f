//! The same for many tasks at once: what is selected in a list, by the bar below it.

use super::act::where_to;
use crate::api::tasks::batch::item_error;
use crate::api::tasks::batch::refused::{Attempts, tell};
use crate::api::tasks::update::read as read_edit;
use crate::error::ApiError;
use crate::extract::{Fields, Params};
use crate::pages::form::{PageForm, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::Texts;
use crate::pages::viewer::{Viewer, inside};
use crate::problem::Code;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::UserId;
use millstream_domain::task::{AssigneeRole, TAGS_MAX, TagName, TaskName};
use millstream_domain::when;
use millstream_store::task::{
    Adjustment, AssigneeSpec, BATCH_MAX, BatchEdit, BatchItem, BatchTasks, ItemRefused, TaskRef,
};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What was not done, and why.
#[derive(Template)]
#[template(path = "pages/bulk.html")]
struct BulkPage {
    shell: Shell,
    done: usize,
    refused: Vec<RefusedLine>,
    back: String,
}

/// A task that was left as it is.
struct RefusedLine {
    name: String,
    why: String,
}

/// Does it. Each task by itself: where some are refused, a page tells which, and why.
pub(crate) async fn bulk(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let back = inside(sent(&mut params, "back"));
    let act = sent(&mut params, "act").unwrap_or_else(|| "change".to_owned());
    let tasks = params.up_to(BATCH_MAX, "task", |name| {
        name.parse::<TaskName>()
            .map_err(|_| Invalid::new(FieldCode::Invalid, "must be the name of a task"))
    });
    let edit = read_edit(Fields::new(changes(&app, &viewer, &mut params)?))?;
    let adjust = adjustment(&app, &viewer, &mut params).await?;
    params.finish(|| Some(()))?;
    let place = where_to(&act).ok();
    let item = |name: &TaskName| match (TaskRef::Name(name.clone()), place) {
        (task, Some(place)) => BatchItem::Place {
            task,
            expected_version: None,
            place,
        },
        (task, None) => BatchItem::Edit(Box::new(BatchEdit {
            task,
            expected_version: None,
            edit: edit.clone(),
            adjust: adjust.clone(),
        })),
    };
    let items: Vec<_> = tasks.iter().map(item).collect();
    let attempts = Attempts::of("POST /tasks/bulk", &items);
    let batch = BatchTasks {
        actor: viewer.caller.actor.clone(),
        items,
    };
    let written = app.store().write(&viewer.caller.origin, batch).await?;
    attempts.note(&written.output);
    tell(&app, &viewer.caller, attempts).await;
    let outcomes = tasks.iter().zip(&written.output);
    let refused: Vec<_> = outcomes
        .filter_map(|(name, outcome)| Some((name.to_string(), outcome.as_ref().err()?.clone())))
        .collect();
    if refused.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let done = tasks.len() - refused.len();
    told(&app, viewer, done, refused, back).await
}

async fn told(
    app: &AppState,
    viewer: Viewer,
    done: usize,
    refused: Vec<(String, ItemRefused)>,
    back: String,
) -> Result<Response, ApiError> {
    // Where nothing at all was done, the answer is that of the first.
    let first = refused.first().map(|(_, refused)| item_error(refused).code);
    let status = match first {
        Some(code) if done == 0 => code.status(),
        Some(_) | None => StatusCode::OK,
    };
    let shell = Shell::of(app, viewer, Section::Projects).await?;
    let line = |(name, refused): (String, ItemRefused)| RefusedLine {
        name,
        why: why(&refused, shell.t),
    };
    let refused = refused.into_iter().map(line).collect();
    let page = super::super::render(&BulkPage {
        shell,
        done,
        refused,
        back,
    })?;
    Ok((status, page).into_response())
}

/// Why a task was left as it is, for people.
fn why(refused: &ItemRefused, t: &Texts) -> String {
    if let ItemRefused::Fields(fields) = refused
        && fields.iter().all(|field| field.field == "assign")
    {
        return t.bulk_not_member.to_owned();
    }
    let error = item_error(refused);
    match error.code {
        Code::NotFound => t.bulk_gone.to_owned(),
        Code::Forbidden => t.bulk_forbidden.to_owned(),
        _ => error.detail,
    }
}

/// What is to be different: what was chosen, and nothing where nothing was.
fn changes(
    app: &AppState,
    viewer: &Viewer,
    params: &mut Params,
) -> Result<Map<String, Value>, ApiError> {
    let mut edit = Map::new();
    for name in ["status", "priority", "due_at"] {
        let Some(value) = filled(params, name) else {
            continue;
        };
        let value = match name {
            "due_at" => {
                let due = when::parse(&value, app.now(), viewer.zone());
                let due = due.ok_or_else(|| {
                    ApiError::bad_request(format!("“{value}” is not a time that is understood"))
                })?;
                due.to_rfc3339()
            }
            _ => value,
        };
        edit.insert(name.to_owned(), Value::String(value));
    }
    Ok(edit)
}

/// Who comes or goes, and which tags.
async fn adjustment(
    app: &AppState,
    viewer: &Viewer,
    params: &mut Params,
) -> Result<Adjustment, ApiError> {
    let mut adjust = Adjustment::default();
    let takes_off = sent(params, "people").is_some_and(|way| way == "unassign");
    if let Some(who) = filled(params, "who") {
        let user_id = person(app, viewer, &who).await?;
        if takes_off {
            adjust.unassign.push(user_id);
        } else {
            adjust.assign.push(AssigneeSpec {
                user_id,
                role: AssigneeRole::Collaborator,
            });
        }
    }
    let removes = sent(params, "tagging").is_some_and(|way| way == "untag");
    // Some of them in one field, or each in a box of its own.
    let names = params.many("tags", |name| Ok(name.trim().to_owned()));
    let mut names = names.iter().filter(|name| !name.is_empty()).peekable();
    if names.peek().is_some() {
        let names: Result<Vec<_>, _> = names
            .take(TAGS_MAX + 1)
            .map(|name| TagName::new(name))
            .collect();
        let names = names.map_err(|invalid| ApiError::validation(vec![invalid.at("tags")]))?;
        if removes {
            adjust.untag = names;
        } else {
            adjust.tag = names;
        }
    }
    Ok(adjust)
}

/// Whom a name means. One that nobody has means nobody: it is told like somebody who is not in the team, so that the form
/// does not say who has an account.
async fn person(app: &AppState, viewer: &Viewer, who: &str) -> Result<UserId, ApiError> {
    let name = who.trim().trim_start_matches('@').to_lowercase();
    if name == "me" {
        return Ok(viewer.caller.id);
    }
    let person = app.store().person_named(&name).await?;
    Ok(person.map_or(UserId(Uuid::nil()), |person| person.id))
}

fn filled(params: &mut Params, name: &str) -> Option<String> {
    sent(params, name).filter(|value| !value.trim().is_empty())
}
