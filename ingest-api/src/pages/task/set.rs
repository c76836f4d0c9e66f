//! `/tasks/set/{what}`: one property of one task or of several, on a page of its own. The script shows it as a picker over
//! whatever page is looked at; without it the page does.

use super::bulk::task_names;
use super::edit::people;
use super::fields::{PersonChoice, TaskForm};
use crate::error::ApiError;
use crate::extract::Params;
use crate::pages::form::sent;
use crate::pages::shell::{Section, Shell};
use crate::pages::show::TagMark;
use crate::pages::show::task::{priority_text, status_text};
use crate::pages::viewer::{Viewer, inside};
use crate::pages::whole::list_all;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use millstream_domain::ids::TeamId;
use millstream_domain::policy::Actor;
use millstream_domain::task::{Priority, Status, TaskName};
use millstream_event_log::events::task::TaskState;
use millstream_store::task::{BATCH_MAX, TaskRef};
use millstream_store::{PageRequest, StoreError};
use std::collections::BTreeMap;

/// Projects of selected tasks whose teams are asked for their people and tags: each costs statements, and a list of more teams
/// is too long to choose from.
const PROJECTS_MAX: usize = 10;

/// What can be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Status,
    Priority,
    Due,
    Assignees,
    Tags,
}

impl What {
    fn of(name: &str) -> Option<Self> {
        match name {
            "status" => Some(Self::Status),
            "priority" => Some(Self::Priority),
            "due" => Some(Self::Due),
            "assignees" => Some(Self::Assignees),
            "tags" => Some(Self::Tags),
            _ => None,
        }
    }
}

impl What {
    /// As the field is called, and the address.
    fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Priority => "priority",
            Self::Due => "due",
            Self::Assignees => "assignees",
            Self::Tags => "tags",
        }
    }
}

/// Due times that are offered: what is typed most often, and what else is understood.
pub(crate) const DATES: [&str; 8] = [
    "today",
    "tomorrow",
    "fri",
    "mon",
    "in 1 week",
    "in 2 weeks",
    "in 1 month",
    "17:00",
];

#[derive(Template)]
#[template(path = "pages/task_set.html")]
struct SetPage {
    shell: Shell,
    what: What,
    title: &'static str,
    /// The names of the tasks, one at least.
    tasks: Vec<String>,
    form: TaskForm,
    tags: Vec<TagChoice>,
    /// Whether there are teams whose people and tags are not offered.
    has_more_teams: bool,
    back: String,
}

/// A tag that could be on it.
struct TagChoice {
    mark: TagMark,
    is_chosen: bool,
}

impl SetPage {
    /// The one task; `None` for several, whose lists are added to and not replaced.
    fn one(&self) -> Option<&str> {
        match self.tasks.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Whether several can be chosen.
    fn has_boxes(&self) -> bool {
        match self.what {
            What::Tags => true,
            What::Assignees => self.one().is_some(),
            What::Status | What::Priority | What::Due => false,
        }
    }

    /// What the radio buttons are: value, text, whether it is chosen.
    fn words(&self) -> Vec<(&'static str, &'static str, bool)> {
        let t = self.shell.t;
        let is_one = self.one().is_some();
        match self.what {
            What::Status => Status::ALL
                .iter()
                .map(|s| {
                    (
                        s.as_str(),
                        status_text(s, t),
                        is_one && self.form.is_status(s),
                    )
                })
                .collect(),
            What::Priority => Priority::ALL
                .iter()
                .map(|p| {
                    let is_chosen = is_one && self.form.is_priority(p);
                    (p.as_str(), priority_text(p, t), is_chosen)
                })
                .collect(),
            What::Due | What::Assignees | What::Tags => Vec::new(),
        }
    }

    fn people(&self) -> &[PersonChoice] {
        &self.form.people
    }
}

/// The form.
pub(crate) async fn show_set(
    State(app): State<AppState>,
    viewer: Viewer,
    Path(what): Path<String>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let what = What::of(&what).ok_or_else(ApiError::not_found)?;
    let names = task_names(&mut params, BATCH_MAX);
    let back = sent(&mut params, "back");
    params.finish(|| Some(()))?;
    let first = names.first().cloned().ok_or_else(ApiError::not_found)?;
    let actor = viewer.caller.actor.clone();
    let task = app.store().task(&actor, &TaskRef::Name(first)).await?.state;
    let project = app.store().project(&actor, task.project_id).await?;
    let shell = Shell::of(&app, viewer, Section::Projects)
        .await?
        .about(&project);
    let mut form = TaskForm::default();
    if names.len() == 1 {
        form = TaskForm::of(&task, None, shell.zone);
    }
    let teams = Teams::of(&app, &actor, &task, &names).await?;
    if what == What::Assignees {
        form.people = teams.people(&app, &shell, &form).await?;
    }
    let t = shell.t;
    super::super::render(&SetPage {
        title: match what {
            What::Status => t.status,
            What::Priority => t.priority,
            What::Due => t.due,
            What::Assignees => t.assignees,
            What::Tags => t.tags,
        },
        tags: if what == What::Tags {
            teams.tags(&app, &shell, &task, names.len() == 1).await?
        } else {
            Vec::new()
        },
        has_more_teams: teams.has_more && matches!(what, What::Tags | What::Assignees),
        back: inside(back.or_else(|| Some(format!("/tasks/{}", task.name)))),
        tasks: names.iter().map(ToString::to_string).collect(),
        what,
        form,
        shell,
    })
}

/// The teams of the tasks that are meant: their people and tags are offered.
struct Teams {
    /// That of the first task first.
    ids: Vec<TeamId>,
    /// Whether there may be more.
    has_more: bool,
}

impl Teams {
    /// A task's name begins with its project, and all tasks of a project are of one team.
    async fn of(
        app: &AppState,
        actor: &Actor,
        first: &TaskState,
        names: &[TaskName],
    ) -> Result<Self, ApiError> {
        let keys = names.iter().map(|name| (name.key.as_str(), &name.key));
        let keys: BTreeMap<_, _> = keys.collect();
        let mut ids = vec![first.team_id];
        if keys.len() > 1 {
            for key in keys.values().take(PROJECTS_MAX) {
                match app.store().project_with_key(actor, key).await {
                    Ok(project) if !ids.contains(&project.team_id) => ids.push(project.team_id),
                    // What is gone, or somebody else's, has nobody to offer.
                    Ok(_) | Err(StoreError::NotFound | StoreError::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(Self {
            ids,
            has_more: keys.len() > PROJECTS_MAX,
        })
    }

    /// Everybody of any of them, by name.
    async fn people(
        &self,
        app: &AppState,
        shell: &Shell,
        form: &TaskForm,
    ) -> Result<Vec<PersonChoice>, ApiError> {
        let mut known: BTreeMap<String, (usize, PersonChoice)> = BTreeMap::new();
        for team in &self.ids {
            for person in people(app, shell, *team, form).await? {
                let known = known.entry(person.id.clone()).or_insert((0, person));
                known.0 += 1;
            }
        }
        let everywhere = |(teams, mut person): (usize, PersonChoice)| {
            person.is_everywhere = teams == self.ids.len();
            person
        };
        let mut people: Vec<_> = known.into_values().map(everywhere).collect();
        people.sort_by_cached_key(|person| person.avatar.name.to_lowercase());
        Ok(people)
    }

    /// The tags of any of them, by name: several teams may have one of the same.
    async fn tags(
        &self,
        app: &AppState,
        shell: &Shell,
        task: &TaskState,
        is_one: bool,
    ) -> Result<Vec<TagChoice>, ApiError> {
        let (store, actor) = (app.store(), &shell.viewer.caller.actor);
        let mut tags = BTreeMap::new();
        for team in &self.ids {
            let team = Some(*team);
            let found = list_all(async |page: PageRequest| store.tags(actor, team, &page).await);
            for tag in found.await? {
                let name = tag.name.to_lowercase();
                tags.entry(name).or_insert_with(|| TagChoice {
                    mark: TagMark::new(&tag.name, Some(&tag.color)),
                    is_chosen: is_one && task.tags.iter().any(|on| on.id == tag.id),
                });
            }
        }
        Ok(tags.into_values().collect())
    }
}
