//! Tasks come in from elsewhere: each once, however often its import is repeated.

use super::together::lock_for_many;
use super::{CreateTask, NewTask};
use crate::{Change, Changed, Changing, Store, StoreError};
use millstream_domain::ids::{ProjectId, TaskId};
use millstream_domain::policy::Actor;
use serde_json::Value;
use sqlx::PgExecutor;
use std::collections::{BTreeMap, BTreeSet};

/// The member of a task's metadata that says what it was where it came from. Unique within a project.
pub const IMPORTED_FROM: &str = "imported_from";

/// Somebody imports tasks into a project.
#[derive(Debug)]
pub struct ImportTasks {
    /// Who.
    pub actor: Actor,
    /// Where to.
    pub project_id: ProjectId,
    /// The tasks. Those whose [`IMPORTED_FROM`] the project has already are left out.
    pub tasks: Vec<NewTask>,
}

impl Change for ImportTasks {
    /// How many tasks were made.
    type Output = usize;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<usize>, StoreError> {
        // Of two imports into one project the second waits here, so that it sees what the first has made.
        let wanted = self.tasks.iter();
        let wanted: Vec<_> = wanted
            .map(|task| (&self.actor, self.project_id, task.parent_id))
            .collect();
        lock_for_many(cx, &wanted).await?;
        let sources: Vec<String> = self.tasks.iter().filter_map(imported_from).collect();
        let known = known(cx.db(), self.project_id, &sources).await?;
        let mut seen: BTreeSet<String> = known.into_keys().collect();
        let mut fresh = Vec::new();
        for mut task in self.tasks {
            if imported_from(&task).is_none_or(|source| seen.insert(source)) {
                task.project_id = self.project_id;
                fresh.push(CreateTask {
                    actor: self.actor.clone(),
                    task,
                });
            }
        }
        let made = fresh.apply(cx).await?;
        Ok(Changed {
            output: made.output.len(),
            events: made.events,
        })
    }
}

impl Store {
    /// The tasks of a project that an import has made before, by what their source called them; those in the trash, too.
    pub async fn imported(
        &self,
        project: ProjectId,
        sources: &[String],
    ) -> Result<BTreeMap<String, TaskId>, StoreError> {
        known(self.pool(), project, sources).await
    }
}

/// What the task was where it came from, as the database's `->>` reads it.
fn imported_from(task: &NewTask) -> Option<String> {
    match task.metadata.as_map().get(IMPORTED_FROM)? {
        Value::String(name) => Some(name.clone()),
        other => Some(other.to_string()),
    }
}

async fn known(
    db: impl PgExecutor<'_>,
    project: ProjectId,
    sources: &[String],
) -> Result<BTreeMap<String, TaskId>, StoreError> {
    // The index is on the hash; the key itself is compared too, although no two hashes will ever meet.
    let rows = sqlx::query!(
        r#"
        select t.id, t.metadata ->> 'imported_from' as "source!" from app.task t
        where t.project_id = $1 and t.metadata ? 'imported_from'
          and md5(t.metadata ->> 'imported_from') in (select md5(s) from unnest($2::text[]) s)
        "#,
        project.0,
        sources,
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.source, TaskId(row.id)))
        .collect())
}
