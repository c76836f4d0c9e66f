//! The search index: changes and cut in one commit of Tantivy, whose payload carries the cut.
//!
//! *Invariant:* when a commit has returned, searches see it; so a cut that is announced is a cut that is found.
//!
//! The pipeline's row in Postgres only reports the cut, for people; the index knows it. Dead letters are rows there too,
//! written before the commit that leaves their records behind.

use crate::postgres::{fault, letters, refused, signed, taken};
use millstream_domain::cause::in_full;
use millstream_domain::clock::Clock;
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::events::task::TaskState;
use millstream_event_log::events::user::UserState;
use millstream_event_log::{Cut, Seq};
use millstream_pipelines::dataflows::search::SearchChange;
use millstream_pipelines::sink::{Commit, Fault, Generation, Resume, Sink};
use millstream_search::document::Assignee;
use millstream_search::{Change, Comment, Index, Person, Project, SearchError, Tag, Task, Team};
use millstream_store::pipeline;
use millstream_store::task::IMPORTED_FROM;
use serde_json::Value;
use sqlx::PgPool;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How often the index commits at most: a commit costs some milliseconds however small it is, and each leaves a segment
/// that has to be merged.
pub const COMMIT_EVERY: Duration = Duration::from_millis(50);

/// The sink of the search index.
#[derive(Debug)]
pub struct TantivySink {
    index: Index,
    generation: Generation,
    row: Row,
}

/// The pipeline's row: each node that searches has an index of its own, and so a row of its own.
#[derive(Debug)]
struct Row {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    name: String,
}

impl TantivySink {
    /// A sink into this index; `row` is the name under which the pipeline is leased and reported, `search@<node>`.
    pub fn new(index: Index, pool: PgPool, clock: Arc<dyn Clock>, row: impl Into<String>) -> Self {
        Self {
            index,
            generation: Generation(0),
            row: Row {
                pool,
                clock,
                name: row.into(),
            },
        }
    }

    /// Does something to the index away from the async threads. It ends even if nobody waits for it any more.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Index) -> Result<T, SearchError> + Send + 'static,
    ) -> Result<T, Fault> {
        let index = self.index.clone();
        match tokio::task::spawn_blocking(move || work(&index)).await {
            Ok(done) => done.map_err(of_search),
            Err(panicked) => Err(Fault::Transient(Box::new(panicked))),
        }
    }
}

impl Sink for TantivySink {
    type Item = SearchChange;

    const COMMIT_EVERY: Duration = COMMIT_EVERY;

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        self.generation = generation;
        let cut = match self.blocking(move |index| index.claim(generation.0)).await {
            Err(Fault::Fenced) => {
                let newest = self.blocking(|index| Ok(index.generation())).await?;
                self.row.outgrow(newest).await?;
                return Err(Fault::Fenced);
            }
            claimed => claimed?,
        };
        self.row.report(generation, cut).await;
        self.row.heal(cut).await?;
        Ok(Resume {
            cut: Cut::at(cut),
            states: Vec::new(),
        })
    }

    async fn refused(&mut self) -> Result<BTreeSet<Seq>, Fault> {
        refused(&self.row.pool, &self.row.name).await
    }

    async fn commit(&mut self, commit: &Commit<SearchChange>) -> Result<(), Fault> {
        self.row.write_letters(commit).await?;
        let (generation, cut) = (self.generation, commit.cut.seq);
        let changes: Vec<_> = commit
            .effects
            .iter()
            .map(|effect| (effect.seq, change(effect.item.clone())))
            .collect();
        self.blocking(move |index| index.commit(generation.0, cut, changes))
            .await?;
        self.row.report(generation, cut).await;
        self.row.answer_letters(commit).await;
        Ok(())
    }
}

impl Row {
    /// The row is younger than the index, if it was forgotten while the node was away: the next owner is to be above both.
    async fn outgrow(&self, generation: i64) -> Result<(), Fault> {
        pipeline::outgrow(&self.pool, &self.name, generation)
            .await
            .map_err(fault)
    }

    async fn write_letters(&self, commit: &Commit<SearchChange>) -> Result<(), Fault> {
        if commit.dead.is_empty() {
            return Ok(());
        }
        let mut db = self.pool.acquire().await.map_err(fault)?;
        pipeline::write_letters(&mut db, &self.name, &letters(&commit.dead))
            .await
            .map_err(fault)
    }

    /// Notes what was taken when it was tried again. If it cannot be noted, the next start does.
    async fn answer_letters(&self, commit: &Commit<SearchChange>) {
        if commit.taken.is_empty() {
            return;
        }
        let written = async {
            let mut db = self.pool.acquire().await?;
            pipeline::answer_letters(&mut db, &self.name, &taken(&commit.taken)).await
        };
        if let Err(error) = written.await {
            tracing::warn!(
                pipeline = self.name,
                error = in_full(&error),
                "it was not written down that a record was taken"
            );
        }
    }

    /// Notes what the index has taken and nobody could write down.
    async fn heal(&self, cut: u64) -> Result<(), Fault> {
        pipeline::answer_letters_before(&self.pool, &self.name, signed(cut))
            .await
            .map_err(fault)
    }

    /// Shows how far the index is. It is none the less so far when this fails.
    async fn report(&self, generation: Generation, cut: u64) {
        let written = async {
            let mut db = self.pool.acquire().await?;
            pipeline::move_cut(
                &mut db,
                &self.name,
                generation.0,
                signed(cut),
                self.clock.now(),
            )
            .await
        };
        if let Err(error) = written.await {
            tracing::warn!(
                pipeline = self.name,
                error = in_full(&error),
                "the cut of the search index was not written down"
            );
        }
    }
}

/// What an error of the index means to a pipeline.
fn of_search(error: SearchError) -> Fault {
    match error {
        SearchError::Fenced => Fault::Fenced,
        // Another process that is about to end, or the disk.
        SearchError::Locked | SearchError::Unavailable(_) => Fault::Transient(Box::new(error)),
        SearchError::Damaged(_) | SearchError::Cursor => Fault::Fatal(Box::new(error)),
    }
}

fn change(item: SearchChange) -> Change {
    match item {
        SearchChange::PutTask { task, former_name } => {
            Change::PutTask(Box::new(self::task(*task)), former_name)
        }
        SearchChange::RemoveTask(id) => Change::RemoveTask(id),
        SearchChange::PutComment(comment) => {
            Change::PutComment(comment.task.id, self::comment(*comment))
        }
        SearchChange::RemoveComment {
            task_id,
            comment_id,
        } => Change::RemoveComment(task_id, comment_id),
        SearchChange::RenameTag { id, name } => Change::RenameTag(id, name),
        SearchChange::PutUser(user) => Change::PutPerson(person(*user)),
        SearchChange::PutMember(member) => {
            Change::PutMember(member.user_id, member.team_id, member.role)
        }
        SearchChange::RemoveMember { team_id, user_id } => Change::RemoveMember(user_id, team_id),
        SearchChange::PutProject(project) => Change::PutProject(Project {
            id: project.id,
            key: project.key,
            name: project.name,
        }),
        SearchChange::RemoveProject(id) => Change::RemoveProject(id),
        SearchChange::PutTeam(team) => Change::PutTeam(Team {
            id: team.id,
            name: team.name,
        }),
        SearchChange::RemoveTeam(id) => Change::RemoveTeam(id),
    }
}

fn task(task: TaskState) -> Task {
    let imported_from = match task.metadata.as_map().get(IMPORTED_FROM) {
        Some(Value::String(name)) => Some(name.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    let assignees = task.assignees.into_iter().map(|assignee| Assignee {
        user_id: assignee.user_id,
        username: assignee.username,
        role: assignee.role,
    });
    let tags = task.tags.into_iter().map(|tag| Tag {
        id: tag.id,
        name: tag.name,
    });
    Task {
        id: task.id,
        name: task.name,
        project_id: task.project_id,
        team_id: task.team_id,
        title: task.title,
        description: task.description,
        status: task.status,
        priority: task.priority,
        due_at: task.due_at,
        assignees: assignees.collect(),
        tags: tags.collect(),
        imported_from,
        archived: task.archived,
        trashed: task.trashed_at.is_some(),
        parent_id: task.parent_id,
        created_by: task.created_by,
        created_at: task.created_at,
        updated_at: task.updated_at,
    }
}

fn comment(comment: CommentState) -> Comment {
    Comment {
        id: comment.id,
        body: comment.body,
        created_at: comment.created_at,
    }
}

fn person(user: UserState) -> Person {
    Person {
        id: user.id,
        username: user.username,
        role: user.role,
        active: user.active,
        time_zone: user.time_zone,
    }
}
