//! What is measured: four requests of the API and the two pages that show the same, each on a thing chosen by chance.

use crate::world::{Size, TEXT, World, project_key};
use clap::ValueEnum;
use serde_json::json;
use std::fmt;

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// `POST /tasks`
    PostTask,
    /// `PATCH /tasks/{id}`
    PatchTask,
    /// `GET /tasks/{id}`
    GetTask,
    /// `GET /tasks?project=…&limit=50`
    GetList,
    /// The page of a task.
    PageTask,
    /// The page of a project as a list: 50 tasks.
    PageList,
}

/// A request, but for its headers.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

impl Operation {
    /// Those of the API.
    pub(crate) const API: [Self; 4] = [
        Self::PostTask,
        Self::PatchTask,
        Self::GetTask,
        Self::GetList,
    ];
    /// The pages, each behind the request of the API that answers the same.
    pub(crate) const PAGES: [Self; 4] =
        [Self::GetTask, Self::PageTask, Self::GetList, Self::PageList];

    /// Its name, which is also that of its statements' file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PostTask => "post_task",
            Self::PatchTask => "patch_task",
            Self::GetTask => "get_task",
            Self::GetList => "get_list",
            Self::PageTask => "page_task",
            Self::PageList => "page_list",
        }
    }

    /// Whether it is about a project, and not about a task.
    fn is_of_project(self) -> bool {
        matches!(self, Self::PostTask | Self::GetList | Self::PageList)
    }

    /// Whether its statements carry ids that others answered, so that a script of them is about one thing.
    pub(crate) fn is_of_many(self) -> bool {
        matches!(self, Self::GetList | Self::PageList | Self::PageTask)
    }

    /// Whether a browser asks.
    pub(crate) fn is_page(self) -> bool {
        matches!(self, Self::PageTask | Self::PageList)
    }

    /// The request on the `n`th thing, from 1: project or task. `words` makes its text unlike that of others: a change to
    /// what is there already would change nothing.
    pub(crate) fn request(self, world: &World, n: u32, words: u32) -> Request {
        let title = format!("Look after the mill wheel before winter {words} comes");
        let body = match self {
            Self::PostTask => Some(json!({
                "project_id": world.project(n), "title": title, "description": TEXT, "priority": "high",
            })),
            Self::PatchTask => Some(json!({"title": title, "status": "in_progress"})),
            Self::GetTask | Self::GetList | Self::PageTask | Self::PageList => None,
        };
        let (method, path) = match self {
            Self::PostTask => ("POST", "/api/v1/tasks".to_owned()),
            Self::PatchTask => ("PATCH", format!("/api/v1/tasks/{}", world.task(n))),
            Self::GetTask => ("GET", format!("/api/v1/tasks/{}", world.task(n))),
            Self::GetList => (
                "GET",
                format!("/api/v1/tasks?project={}&limit=50", world.project(n)),
            ),
            Self::PageTask => ("GET", format!("/tasks/{}", world.task(n))),
            Self::PageList => ("GET", format!("/projects/{}?view=list", project_key(n))),
        };
        let body = body.map(|body| body.to_string());
        Request { method, path, body }
    }

    /// How many things there are to choose from.
    pub(crate) fn things(self, size: Size) -> u32 {
        if self.is_of_project() {
            size.projects
        } else {
            size.tasks()
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name().replace('_', "-"))
    }
}
