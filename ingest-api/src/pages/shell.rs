//! What stands around every page of somebody who is logged in: who they are, where they are, where they can go.

use crate::error::ApiError;
use crate::pages::texts::{ENGLISH, Texts};
use crate::pages::viewer::Viewer;
use crate::state::AppState;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::{ProjectId, TagId, TaskId, TeamId};
use millstream_domain::policy::{Action, Target, decide};
use millstream_event_log::events::project::ProjectState;
use millstream_store::PageRequest;
use millstream_store::page::LIMIT_MAX;
use millstream_store::project::ProjectFilter;
use millstream_store::task::Task;
use millstream_store::views::activity::ActivityLine;
use std::collections::{BTreeMap, BTreeSet};

/// Projects that a page hears of which is about none of them: whoever sees more is told of the rest when they come back to it. Far
/// below what a connection may listen to, as each change in any of them is a question for the whole page.
const HEARD_MAX: usize = 20;

/// The parts of the product that the navigation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Inbox,
    Search,
    Projects,
    Activity,
    Analytics,
    Teams,
    Settings,
    Admin,
    /// None of them: something did not go.
    Nowhere,
}

/// The surroundings of a page.
pub(crate) struct Shell {
    pub(crate) t: &'static Texts,
    pub(crate) viewer: Viewer,
    /// What forms carry.
    pub(crate) csrf: String,
    pub(crate) section: Section,
    /// The key of the project that the page is about.
    pub(crate) project: Option<String>,
    /// Its id: it may be none of those that the navigation shows.
    project_id: Option<ProjectId>,
    /// The task that the page is about.
    pub(crate) task: Option<TaskId>,
    /// Projects that the page shows something of, without being about one.
    shown: Vec<ProjectId>,
    /// The projects that the navigation shows: by name, without those in the archive, and no more than one page of them. The
    /// one that the page is about is among them.
    pub(crate) projects: Vec<ProjectState>,
    /// Whether there are more.
    pub(crate) has_more_projects: bool,
    pub(crate) zone: Tz,
    pub(crate) now: DateTime<Utc>,
    /// The page's own address, at which it asks for itself again to stay up to date. `None`, the answer to a form, is a page
    /// that stands still (`data-still`): a secret shown once, what was not done, a form that came back. Nothing of it can be
    /// asked for again, so the script leaves its content alone, and only the number on the inbox changes.
    pub(crate) here: Option<String>,
    /// The colours of tags that are shown.
    pub(crate) tag_colors: BTreeMap<TagId, String>,
    /// Light or dark, where one was chosen.
    pub(crate) theme: Option<&'static str>,
}

impl Shell {
    /// The surroundings for this viewer.
    pub(crate) async fn of(
        app: &AppState,
        viewer: Viewer,
        section: Section,
    ) -> Result<Self, ApiError> {
        let filter = ProjectFilter {
            archived: Some(false),
            ..ProjectFilter::default()
        };
        let most = PageRequest {
            limit: LIMIT_MAX,
            cursor: None,
        };
        let actor = &viewer.caller.actor;
        let projects = app.store().projects_by_name(actor, filter, &most).await?;
        Ok(Self {
            t: &ENGLISH,
            csrf: viewer.secret.form_token(),
            zone: viewer.zone(),
            now: app.now(),
            theme: viewer.theme,
            here: viewer.here.clone(),
            viewer,
            section,
            project: None,
            project_id: None,
            task: None,
            shown: Vec::new(),
            has_more_projects: projects.next_cursor.is_some(),
            projects: projects.items,
            tag_colors: BTreeMap::new(),
        })
    }

    /// The same for a page about a project.
    pub(crate) fn about(mut self, project: &ProjectState) -> Self {
        self.project = Some(project.key.clone());
        self.project_id = Some(project.id);
        let is_named = self.projects.iter().any(|named| named.id == project.id);
        if !is_named && !project.archived {
            self.projects.push(project.clone());
        }
        self
    }

    /// The same for a page that shows something of many projects: it hears of these, and then of those that the navigation
    /// shows, up to [`HEARD_MAX`].
    pub(crate) fn showing(mut self, projects: impl IntoIterator<Item = ProjectId>) -> Self {
        let named: Vec<_> = self.projects.iter().map(|project| project.id).collect();
        for project in projects.into_iter().chain(named) {
            if self.shown.len() < HEARD_MAX && !self.shown.contains(&project) {
                self.shown.push(project);
            }
        }
        self
    }

    /// Finds the colours of the tags of these tasks, before they are shown.
    pub(crate) async fn find_tag_colors(
        &mut self,
        app: &AppState,
        tasks: impl Iterator<Item = &Task>,
    ) -> Result<(), ApiError> {
        let tags: BTreeSet<TagId> = tasks
            .flat_map(|task| &task.state.tags)
            .map(|tag| tag.id)
            .filter(|tag| !self.tag_colors.contains_key(tag))
            .collect();
        let tags: Vec<_> = tags.into_iter().collect();
        let colors = app.store().tag_colors(&tags).await?;
        self.tag_colors.extend(colors);
        Ok(())
    }

    /// Whether this part of the navigation is the one that the page is in.
    pub(crate) fn is(&self, section: Section) -> bool {
        self.section == section
    }

    pub(crate) fn is_project(&self, key: &str) -> bool {
        self.project.as_deref() == Some(key)
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.viewer.caller.may(Action::OperatePipelines).is_ok()
    }

    /// Whether somebody else did this since the viewer was last here.
    pub(crate) fn is_news(&self, line: &ActivityLine) -> bool {
        let is_after = self
            .viewer
            .visitor
            .visit_before
            .is_some_and(|at| line.at > at);
        is_after && line.actor.as_ref().map(|actor| actor.id) != Some(self.viewer.caller.id)
    }

    /// Whether the viewer may do this to a team, or to what belongs to it.
    fn may(&self, action: Action, team: TeamId) -> bool {
        let actor = &self.viewer.caller.actor;
        decide(actor, action, Target::team(team)).is_ok()
    }

    pub(crate) fn manages_projects(&self, team: &TeamId) -> bool {
        self.may(Action::ManageProjects, *team)
    }

    pub(crate) fn edits_team(&self, team: &TeamId) -> bool {
        self.may(Action::EditTeam, *team)
    }

    /// Where a new task is made: in the project that the page is about.
    pub(crate) fn new_task_url(&self) -> String {
        match &self.project {
            Some(key) => format!("/tasks/new?project={key}"),
            None => "/tasks/new".to_owned(),
        }
    }

    /// What the page wants to hear of while it is looked at.
    pub(crate) fn topics(&self) -> String {
        let project = |id: &ProjectId| format!("project:{id}");
        let mut topics: Vec<String> = match (self.task, &self.project_id) {
            (Some(task), _) => vec![format!("task:{task}")],
            (None, Some(id)) => vec![project(id)],
            (None, None) => self.shown.iter().map(project).collect(),
        };
        topics.push("notifications".to_owned());
        topics.join(" ")
    }

    /// Whether it hears of many projects, so that it gathers what happens in them before it asks for itself again.
    pub(crate) fn is_calm(&self) -> bool {
        self.task.is_none() && self.project_id.is_none() && !self.shown.is_empty()
    }

    /// The number on the inbox.
    pub(crate) fn unread(&self) -> Option<String> {
        match self.viewer.visitor.unread {
            0 => None,
            many @ 100.. => Some(format!("{}+", many.min(99))),
            some => Some(some.to_string()),
        }
    }
}
