//! What is measured: four requests, each on a thing chosen by chance.

use crate::world::{Size, TEXT, World};
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
}

/// A request, but for its headers.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [
        Self::PostTask,
        Self::PatchTask,
        Self::GetTask,
        Self::GetList,
    ];

    /// Its name, which is also that of its statements' file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::PostTask => "post_task",
            Self::PatchTask => "patch_task",
            Self::GetTask => "get_task",
            Self::GetList => "get_list",
        }
    }

    /// Whether it is about a project, and not about a task.
    fn is_of_project(self) -> bool {
        matches!(self, Self::PostTask | Self::GetList)
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
            Self::GetTask | Self::GetList => None,
        };
        let (method, path) = match self {
            Self::PostTask => ("POST", "/api/v1/tasks".to_owned()),
            Self::PatchTask => ("PATCH", format!("/api/v1/tasks/{}", world.task(n))),
            Self::GetTask => ("GET", format!("/api/v1/tasks/{}", world.task(n))),
            Self::GetList => (
                "GET",
                format!("/api/v1/tasks?project={}&limit=50", world.project(n)),
            ),
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
