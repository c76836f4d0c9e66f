//! The same for many tasks at once: what is selected in a list, by the bar below it.

use super::act::where_to;
use super::fields::time;
use crate::api::tasks::batch::item_error;
use crate::api::tasks::batch::refused::{Attempts, tell};
use crate::api::tasks::update::read as read_edit;
use crate::error::ApiError;
use crate::extract::{Fields, Params};
use crate::pages::form::{PageForm, Wrong, sent};
use crate::pages::shell::{Section, Shell};
use crate::pages::texts::{ENGLISH, Texts};
use crate::pages::viewer::{Viewer, inside};
use crate::problem::Code;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::ids::UserId;
use millstream_domain::task::{AssigneeRole, Priority, Status, TAGS_MAX, TagName, TaskName};
use millstream_store::task::{
    Adjustment, AssigneeSpec, BATCH_MAX, BatchEdit, BatchItem, BatchTasks, ItemRefused, TaskEdit,
    TaskPlace, TaskRef,
};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What was not done, and why.
#[derive(Template)]
#[template(path = "pages/bulk.html")]
struct BulkPage {
    shell: Shell,
    done: usize,
    refused: usize,
    groups: Vec<RefusedGroup>,
    back: String,
}

/// How many tasks are named at once that were left for the same reason; the others are behind a fold.
const NAMES_SHOWN: usize = 10;

/// Tasks that were left as they are, all for the same reason.
#[derive(Debug, PartialEq, Eq)]
struct RefusedGroup {
    why: String,
    names: Vec<String>,
}

impl RefusedGroup {
    /// The first of them.
    fn first(&self) -> &[String] {
        &self.names[..self.names.len().min(NAMES_SHOWN)]
    }

    /// The others.
    fn others(&self) -> &[String] {
        &self.names[self.first().len()..]
    }
}

/// What was left, each reason once, in the order in which they came first.
fn groups(refused: impl IntoIterator<Item = (String, String)>) -> Vec<RefusedGroup> {
    let mut groups: Vec<RefusedGroup> = Vec::new();
    for (name, why) in refused {
        match groups.iter_mut().find(|group| group.why == why) {
            Some(group) => group.names.push(name),
            None => groups.push(RefusedGroup {
                why,
                names: vec![name],
            }),
        }
    }
    groups
}

/// The fields of the bar, as they were typed.
#[derive(Debug, Default)]
struct Typed {
    status: String,
    priority: String,
    due: String,
    takes_off: bool,
    who: String,
    untags: bool,
    /// Some of them in one field, or each in a box of its own.
    tags: Vec<String>,
}

impl Typed {
    fn take(params: &mut Params) -> Self {
        let mut text = |name| sent(params, name).unwrap_or_default().trim().to_owned();
        Self {
            status: text("status"),
            priority: text("priority"),
            due: text("due_at"),
            takes_off: text("people") == "unassign",
            who: text("who"),
            untags: text("tagging") == "untag",
            tags: params
                .many("tags", |name| Ok(name.trim().to_owned()))
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect(),
        }
    }

    /// The tags, as one field shows them.
    fn tag_list(&self) -> String {
        self.tags.join(", ")
    }
}

/// The bar on a page of its own: what was typed into it, and what is wrong with it.
#[derive(Template)]
#[template(path = "pages/bulk_form.html")]
struct BulkFormPage {
    shell: Shell,
    tasks: Vec<String>,
    typed: Typed,
    wrong: Wrong,
    back: String,
}

/// Does it. Each task by itself: where some are refused, a page tells which, and why. What cannot be read comes back as it was
/// typed.
pub(crate) async fn bulk(
    State(app): State<AppState>,
    PageForm { viewer, mut params }: PageForm,
) -> Result<Response, ApiError> {
    let back = inside(sent(&mut params, "back"));
    let act = sent(&mut params, "act").unwrap_or_else(|| "change".to_owned());
    let tasks = task_names(&mut params, BATCH_MAX);
    let typed = Typed::take(&mut params);
    params.finish(|| Some(()))?;
    let place = where_to(&act).ok();
    let read = match changes(&app, &viewer, &typed) {
        Ok(edit) => adjustment(&app, &viewer, &typed)
            .await
            .map(|adjust| (edit, adjust)),
        Err(error) => Err(error),
    };
    let (edit, adjust) = match read {
        Ok(read) => read,
        Err(error) => {
            let page = BulkFormPage {
                wrong: Wrong::of(error)?,
                shell: Shell::of(&app, viewer, Section::Projects).await?,
                tasks: tasks.iter().map(ToString::to_string).collect(),
                typed,
                back,
            };
            let status = page.wrong.status();
            return Ok((status, super::super::render(&page)?).into_response());
        }
    };
    write(&app, viewer, &tasks, place, (edit, adjust), back).await
}

/// The names of tasks that a form or an address holds.
pub(super) fn task_names(params: &mut Params, most: usize) -> Vec<TaskName> {
    params.up_to(most, "task", |name| {
        name.parse()
            .map_err(|_| Invalid::new(FieldCode::Invalid, ENGLISH.not_a_task))
    })
}

async fn write(
    app: &AppState,
    viewer: Viewer,
    tasks: &[TaskName],
    place: Option<TaskPlace>,
    (edit, adjust): (TaskEdit, Adjustment),
    back: String,
) -> Result<Response, ApiError> {
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
    tell(app, &viewer.caller, attempts).await;
    let outcomes = tasks.iter().zip(&written.output);
    let refused: Vec<_> = outcomes
        .filter_map(|(name, outcome)| Some((name.to_string(), outcome.as_ref().err()?.clone())))
        .collect();
    if refused.is_empty() {
        return Ok(Redirect::to(&back).into_response());
    }
    let done = tasks.len() - refused.len();
    told(app, viewer, done, refused, back).await
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
    let count = refused.len();
    let reasons = refused.into_iter();
    let groups = groups(reasons.map(|(name, refused)| (name, why(&refused, shell.t))));
    let page = super::super::render(&BulkPage {
        shell,
        done,
        refused: count,
        groups,
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
fn changes(app: &AppState, viewer: &Viewer, typed: &Typed) -> Result<TaskEdit, ApiError> {
    let word = |word: &String| Ok(Value::String(word.clone()));
    let read = [
        ("status", &typed.status, word(&typed.status)),
        ("priority", &typed.priority, word(&typed.priority)),
        ("due_at", &typed.due, time(&typed.due, app, viewer)),
    ];
    let (mut members, mut wrong) = (Map::new(), Vec::new());
    for (name, _, value) in read.into_iter().filter(|(_, text, _)| !text.is_empty()) {
        match value {
            Ok(value) => drop(members.insert(name.to_owned(), value)),
            Err(invalid) => wrong.push((name, invalid)),
        }
    }
    let mut fields = Fields::new(members);
    for (name, invalid) in wrong {
        fields.wrong(name, invalid);
    }
    read_edit(fields)
}

/// Who comes or goes, and which tags.
async fn adjustment(
    app: &AppState,
    viewer: &Viewer,
    typed: &Typed,
) -> Result<Adjustment, ApiError> {
    let mut adjust = Adjustment::default();
    if !typed.who.is_empty() {
        let user_id = person(app, viewer, &typed.who).await?;
        if typed.takes_off {
            adjust.unassign.push(user_id);
        } else {
            adjust.assign.push(AssigneeSpec {
                user_id,
                role: AssigneeRole::Collaborator,
            });
        }
    }
    let names = typed.tags.iter().take(TAGS_MAX + 1);
    let names: Result<Vec<_>, _> = names.map(|name| TagName::new(name)).collect();
    let names = names.map_err(|invalid| ApiError::validation(vec![invalid.at("tags")]))?;
    if typed.untags {
        adjust.untag = names;
    } else {
        adjust.tag = names;
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

#[cfg(test)]
mod tests {
    use super::{NAMES_SHOWN, groups};

    #[test]
    fn a_reason_is_told_once_with_how_many_and_the_first_of_them() {
        let names = (1..=NAMES_SHOWN + 2).map(|number| format!("ENG-{number}"));
        let refused = names.map(|name| {
            let why = if name == "ENG-2" {
                "it is gone"
            } else {
                "not yours"
            };
            (name, why.to_owned())
        });
        let groups = groups(refused);
        let [many, one] = &groups[..] else {
            panic!("two reasons are two groups");
        };
        assert_eq!(
            (many.why.as_str(), many.names.len()),
            ("not yours", NAMES_SHOWN + 1)
        );
        assert_eq!(many.first().len(), NAMES_SHOWN);
        assert_eq!(many.others(), ["ENG-12"]);
        assert_eq!(
            (one.why.as_str(), one.first()),
            ("it is gone", &["ENG-2".to_owned()][..])
        );
        assert!(one.others().is_empty());
    }
}
