//! The activity: what happened, newest first, as far as the reader may see.

use crate::team::ids;
use crate::views::shadow::Place;
use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, EventId, ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::Actor;
use millstream_event_log::changes::FieldChange;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

/// Somebody, as a feed names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Name {
    /// Who.
    pub id: UserId,
    /// The name they log in with.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
}

/// A line of the activity.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityLine {
    /// The event.
    pub id: EventId,
    /// Its place in the log.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Its type.
    pub kind: String,
    /// Who acted.
    pub actor: Option<Name>,
    /// The team.
    pub team_id: TeamId,
    /// The project.
    pub project_id: Option<ProjectId>,
    /// The task: id, name and title.
    pub task: Option<(TaskId, String, String)>,
    /// The comment.
    pub comment_id: Option<CommentId>,
    /// The person it was done to.
    pub member: Option<Name>,
    /// The name of the project, team or person, where there is no task.
    pub name: Option<String>,
    /// What changed.
    pub changes: Vec<FieldChange>,
}

/// Which lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct ActivityFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// By this person.
    pub user: Option<UserId>,
    /// Of this task.
    pub task: Option<TaskId>,
}

#[derive(Serialize, Deserialize)]
struct Cursor(i64);

impl Store {
    /// The activity of the teams that the actor sees.
    pub async fn activity(
        &self,
        actor: &Actor,
        filter: ActivityFilter,
        page: &PageRequest,
    ) -> Result<Page<ActivityLine>, StoreError> {
        let visible = ids(actor.visible_teams());
        let after: Option<Cursor> = page.after()?;
        let rows = sqlx::query!(
            r#"
            select a.seq, a.event_id, a.at, a.kind, a.actor, a.team_id, a.project_id, a.task_id, a.task_name,
                   a.task_title, a.comment_id, a.member, a.name, a.changes as "changes!: Json<Vec<FieldChange>>",
                   u.username as "username?", u.display_name as "display_name?",
                   m.username as "member_username?", m.display_name as "member_display_name?"
            from app.activity a
            left join app.user u on u.id = a.actor
            left join app.user m on m.id = a.member
            where ($1::uuid[] is null or a.team_id = any($1))
              and ($2::uuid is null or a.project_id = $2)
              and ($3::uuid is null or a.actor = $3)
              and ($4::uuid is null or a.task_id = $4)
              and ($5::bigint is null or a.seq < $5)
            order by a.seq desc
            limit $6
            "#,
            visible.as_deref(),
            filter.project.map(Uuid::from),
            filter.user.map(Uuid::from),
            filter.task.map(Uuid::from),
            after.map(|a| a.0),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        let lines = rows
            .into_iter()
            .map(|r| ActivityLine {
                id: EventId(r.event_id),
                seq: r.seq,
                at: r.at,
                kind: r.kind,
                actor: name(r.actor, r.username, r.display_name),
                team_id: TeamId(r.team_id),
                project_id: r.project_id.map(ProjectId),
                task: task(r.task_id, r.task_name, r.task_title),
                comment_id: r.comment_id.map(CommentId),
                member: name(r.member, r.member_username, r.member_display_name),
                name: r.name,
                changes: r.changes.0,
            })
            .collect();
        Ok(Page::of(lines, page, |line: &ActivityLine| {
            Cursor(line.seq)
        }))
    }
}

/// Somebody, if the join found them.
pub(crate) fn name(
    id: Option<Uuid>,
    username: Option<String>,
    display_name: Option<String>,
) -> Option<Name> {
    Some(Name {
        id: UserId(id?),
        username: username?,
        display_name: display_name?,
    })
}

fn task(
    id: Option<Uuid>,
    name: Option<String>,
    title: Option<String>,
) -> Option<(TaskId, String, String)> {
    Some((TaskId(id?), name?, title?))
}

/// Lines to be written, column by column.
#[derive(Debug, Default)]
#[expect(
    missing_docs,
    reason = "the columns of app.activity, which the migration describes"
)]
pub struct ActivityColumns {
    pub seq: Vec<i64>,
    pub event_id: Vec<Uuid>,
    pub at: Vec<DateTime<Utc>>,
    pub kind: Vec<String>,
    pub actor: Vec<Option<Uuid>>,
    pub team_id: Vec<Uuid>,
    pub project_id: Vec<Option<Uuid>>,
    pub task_id: Vec<Option<Uuid>>,
    pub task_name: Vec<Option<String>>,
    pub task_title: Vec<Option<String>>,
    pub comment_id: Vec<Option<Uuid>>,
    pub member: Vec<Option<Uuid>>,
    pub name: Vec<Option<String>>,
    pub changes: Vec<Json<Vec<FieldChange>>>,
}

/// The statement that writes lines into one of the tables.
macro_rules! insert_into {
    ($table:literal, $db:expr, $c:expr) => {
        sqlx::query!(
            "insert into " + $table + "
                 (seq, event_id, at, kind, actor, team_id, project_id, task_id, task_name, task_title, comment_id, member,
                  name, changes)
             select * from unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::text[], $5::uuid[], $6::uuid[],
                                  $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::uuid[], $12::uuid[], $13::text[],
                                  $14::json[])
             on conflict (seq) do nothing",
            &$c.seq,
            &$c.event_id,
            &$c.at,
            &$c.kind,
            &$c.actor as &[Option<Uuid>],
            &$c.team_id,
            &$c.project_id as &[Option<Uuid>],
            &$c.task_id as &[Option<Uuid>],
            &$c.task_name as &[Option<String>],
            &$c.task_title as &[Option<String>],
            &$c.comment_id as &[Option<Uuid>],
            &$c.member as &[Option<Uuid>],
            &$c.name as &[Option<String>],
            &$c.changes as &[Json<Vec<FieldChange>>],
        )
        .execute($db)
    };
}

/// Writes lines, inside the sink's commit. A repeat adds nothing.
pub async fn insert(
    db: &mut PgConnection,
    place: Place,
    c: &ActivityColumns,
) -> Result<(), sqlx::Error> {
    match place {
        Place::Live => insert_into!("app.activity", db, c).await?,
        Place::Shadow => insert_into!("app.activity_shadow", db, c).await?,
    };
    Ok(())
}
