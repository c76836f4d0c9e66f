//! Comments.

use crate::page::{ByTime, encode};
use crate::task::{TaskRef, refused, resolve};
use crate::team::ids;
use crate::version::check_version;
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::comment::{CommentBody, mentions};
use millstream_domain::ids::{CommentId, ProjectId, TaskId, TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::comment::{
    CommentAlone, CommentEvent, CommentState, CommentedTask,
};
use uuid::Uuid;

/// How many comments later than one that is looked for are not shown with it any more.
const SAID_NEXT: i64 = 11;

/// A comment and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: CommentId,
    /// What it is about.
    pub task_id: TaskId,
    /// Who wrote it.
    pub author: UserId,
    /// Their name.
    pub author_username: String,
    /// How they are shown.
    pub author_display_name: String,
    /// Markdown; empty once deleted.
    pub body: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was last edited.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Counts its changes.
    pub version: i64,
}

struct Row {
    id: Uuid,
    task_id: Uuid,
    author: Uuid,
    username: String,
    display_name: String,
    body: String,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    deleted_at: Option<DateTime<Utc>>,
    version: i64,
}

impl Row {
    fn into_comment(self) -> Comment {
        Comment {
            id: CommentId(self.id),
            task_id: TaskId(self.task_id),
            author: UserId(self.author),
            author_username: self.username,
            author_display_name: self.display_name,
            body: self.body,
            created_at: self.created_at,
            edited_at: self.edited_at,
            deleted_at: self.deleted_at,
            version: self.version,
        }
    }
}

impl Store {
    /// The comments of a task that the actor sees, oldest first.
    pub async fn comments(
        &self,
        actor: &Actor,
        task: &TaskRef,
        page: &PageRequest,
    ) -> Result<Page<Comment>, StoreError> {
        let id = self.task(actor, task).await?.state.id;
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            "select c.id, c.task_id, c.author, u.username, u.display_name, c.body, c.created_at, c.edited_at,
                    c.deleted_at, c.version
             from app.comment c join app.user u on u.id = c.author
             where c.task_id = $1 and ($2::timestamptz is null or (c.created_at, c.id) > ($2, $3::uuid))
             order by c.created_at, c.id limit $4",
            id.0,
            after.map(|a| a.0),
            after.map(|a| a.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| ByTime(row.created_at, row.id)).map(Row::into_comment))
    }

    /// The comments of a task that the actor sees, newest first: whoever looks at it wants to see what was said last. Its
    /// cursors are of its own direction, and no others fit.
    pub async fn comments_newest_first(
        &self,
        actor: &Actor,
        task: &TaskRef,
        page: &PageRequest,
    ) -> Result<Page<Comment>, StoreError> {
        let id = self.task(actor, task).await?.state.id;
        let before: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            "select c.id, c.task_id, c.author, u.username, u.display_name, c.body, c.created_at, c.edited_at,
                    c.deleted_at, c.version
             from app.comment c join app.user u on u.id = c.author
             where c.task_id = $1 and ($2::timestamptz is null or (c.created_at, c.id) < ($2, $3::uuid))
             order by c.created_at desc, c.id desc limit $4",
            id.0,
            before.map(|b| b.0),
            before.map(|b| b.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| ByTime(row.created_at, row.id)).map(Row::into_comment))
    }

    /// The cursor of a page of [`Self::comments_newest_first`] that a comment is on, `None` for the newest: that has it, or
    /// there is no such comment. Whoever was led to it also sees what was said next.
    pub async fn page_with_comment(
        &self,
        actor: &Actor,
        task: &TaskRef,
        comment: CommentId,
        limit: u32,
    ) -> Result<Option<String>, StoreError> {
        let id = self.task(actor, task).await?.state.id;
        let limit = i64::from(limit);
        let place = sqlx::query!(
            r#"with later as (
                 select l.created_at, l.id, row_number() over (order by l.created_at, l.id) as n
                 from app.comment l join app.comment c on (l.created_at, l.id) > (c.created_at, c.id)
                 where l.task_id = $1 and c.task_id = $1 and c.id = $2
                 order by l.created_at, l.id limit $3)
               select created_at, id from later where n = $4 and (select count(*) from later) = $3"#,
            id.0,
            comment.0,
            limit,
            SAID_NEXT.min(limit),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(place.map(|place| encode(&ByTime(place.created_at, place.id))))
    }

    /// One comment of a task that the actor sees.
    pub async fn comment(
        &self,
        actor: &Actor,
        task: &TaskRef,
        id: CommentId,
    ) -> Result<Comment, StoreError> {
        let task = self.task(actor, task).await?.state.id;
        let mut db = self.pool.acquire().await?;
        find(&mut db, task, id).await
    }
}

async fn find(
    db: &mut sqlx::PgConnection,
    task: TaskId,
    id: CommentId,
) -> Result<Comment, StoreError> {
    sqlx::query_as!(
        Row,
        "select c.id, c.task_id, c.author, u.username, u.display_name, c.body, c.created_at, c.edited_at,
                c.deleted_at, c.version
         from app.comment c join app.user u on u.id = c.author
         where c.id = $1 and c.task_id = $2",
        id.0,
        task.0,
    )
    .fetch_optional(db)
    .await?
    .map(Row::into_comment)
    .ok_or(StoreError::NotFound)
}

/// Asks the policy and locks the comment's task, which is the aggregate whose order counts. Not in the trash.
async fn locked_task(
    cx: &mut Changing<'_>,
    actor: &Actor,
    action: Action,
    task: &TaskRef,
) -> Result<CommentedTask, StoreError> {
    let id = resolve(cx.db(), task).await?;
    // Only of the teams where they may, so that nobody holds up a task that is not theirs.
    let teams = ids(actor.teams_for(action));
    let row = sqlx::query!(
        "select t.id, t.title, t.number, t.project_id, t.team_id, t.trashed_at, p.key
         from app.task t join app.project p on p.id = t.project_id
         where t.id = $1 and ($2::uuid[] is null or t.team_id = any($2)) for no key update of t",
        id.0,
        teams.as_deref(),
    )
    .fetch_optional(cx.db())
    .await?;
    let Some(row) = row else {
        return Err(refused(cx, actor, action, id).await);
    };
    if row.trashed_at.is_some() {
        return Err(StoreError::NotFound);
    }
    Ok(CommentedTask {
        id: TaskId(row.id),
        name: format!("{}-{}", row.key, row.number),
        title: row.title,
        project_id: ProjectId(row.project_id),
        team_id: TeamId(row.team_id),
    })
}

/// Those among the mentioned who see the task: the members of the team, and admins and managers, who see all. Nobody else is
/// to learn of it.
async fn mentioned(
    cx: &mut Changing<'_>,
    team: TeamId,
    body: &CommentBody,
) -> Result<Vec<UserId>, StoreError> {
    let names: Vec<String> = mentions(body.as_str())
        .iter()
        .map(ToString::to_string)
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let ids = sqlx::query_scalar!(
        "select u.id from app.user u
         where u.username = any($2) and u.active
           and (u.role in ('admin', 'manager')
                or exists (select from app.membership m where m.user_id = u.id and m.team_id = $1))
         order by u.username",
        team.0,
        &names,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(ids.into_iter().map(UserId).collect())
}

fn state(comment: &Comment, task: &CommentedTask, mentions: Vec<UserId>) -> CommentState {
    CommentState {
        id: comment.id,
        task: task.clone(),
        author: comment.author,
        body: comment.body.clone(),
        mentions,
        created_at: comment.created_at,
        edited_at: comment.edited_at,
        deleted_at: comment.deleted_at,
        version: comment.version,
    }
}

/// Somebody writes a comment.
#[derive(Debug)]
pub struct CreateComment {
    /// Who.
    pub actor: Actor,
    /// On which task.
    pub task: TaskRef,
    /// What.
    pub body: CommentBody,
}

impl Change for CreateComment {
    type Output = Comment;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Comment>, StoreError> {
        let task = locked_task(cx, &self.actor, Action::WriteComments, &self.task).await?;
        let author = self.actor.user_id().ok_or(Refusal::Unauthenticated)?;
        let (id, now): (CommentId, _) = (cx.id(), cx.now);
        sqlx::query!(
            "with counted as (update app.task set comments_count = comments_count + 1 where id = $2)
             insert into app.comment (id, task_id, author, body, created_at) values ($1, $2, $3, $4, $5)",
            id.0,
            task.id.0,
            author.0,
            self.body.as_str(),
            now,
        )
        .execute(cx.db())
        .await?;
        let comment = find(cx.db(), task.id, id).await?;
        let mentions = mentioned(cx, task.team_id, &self.body).await?;
        let event = CommentEvent::Created(CommentAlone {
            comment: state(&comment, &task, mentions),
        });
        Ok(Changed::because(comment, event))
    }
}

/// Somebody changes the text of a comment, or deletes it.
#[derive(Debug)]
pub struct UpdateComment {
    /// Who.
    pub actor: Actor,
    /// On which task.
    pub task: TaskRef,
    /// Which.
    pub id: CommentId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// What is to become of it.
    pub edit: CommentEdit,
}

/// What is to become of a comment.
#[derive(Debug)]
pub enum CommentEdit {
    /// It stays as it is, whatever that is by then; whether it may be edited is asked all the same.
    Nothing,
    /// It has this text.
    Body(CommentBody),
    /// Its text goes, its place in the conversation remains.
    Delete,
}

impl Change for UpdateComment {
    type Output = Comment;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Comment>, StoreError> {
        let task = locked_task(cx, &self.actor, Action::ReadTeam, &self.task).await?;
        let before = find(cx.db(), task.id, self.id).await?;
        let action = match self.edit {
            CommentEdit::Nothing | CommentEdit::Body(_) => Action::EditComment,
            CommentEdit::Delete => Action::DeleteComment,
        };
        decide(
            &self.actor,
            action,
            Target::authored(task.team_id, before.author),
        )?;
        if before.deleted_at.is_some() {
            return Err(StoreError::NotFound);
        }
        check_version(self.expected_version, before.version)?;
        let body = match self.edit {
            CommentEdit::Nothing => return Ok(Changed::nothing(before)),
            CommentEdit::Body(body) if body.as_str() == before.body => {
                return Ok(Changed::nothing(before));
            }
            CommentEdit::Body(body) => Some(body),
            CommentEdit::Delete => None,
        };
        let after = save(cx, &before, body.as_ref()).await?;
        let mentions_before = match CommentBody::new(&before.body) {
            Ok(body) => mentioned(cx, task.team_id, &body).await?,
            Err(_) => Vec::new(),
        };
        let mentions_after = match &body {
            Some(body) => mentioned(cx, task.team_id, body).await?,
            None => Vec::new(),
        };
        let change = Before {
            before: state(&before, &task, mentions_before),
            after: state(&after, &task, mentions_after),
        };
        let event = if body.is_some() {
            CommentEvent::Edited(change)
        } else {
            CommentEvent::Deleted(change)
        };
        Ok(Changed::because(after, event))
    }
}

/// Writes the new text of a comment; without one, that it is deleted.
async fn save(
    cx: &mut Changing<'_>,
    before: &Comment,
    body: Option<&CommentBody>,
) -> Result<Comment, StoreError> {
    let (now, deleted) = (cx.now, body.is_none());
    sqlx::query!(
        "with counted as (
             update app.task set comments_count = comments_count - 1 where id = $2 and $5
         )
         update app.comment
         set body = $3, version = version + 1,
             edited_at = case when $5 then edited_at else $4 end,
             deleted_at = case when $5 then $4 end
         where id = $1",
        before.id.0,
        before.task_id.0,
        body.map_or("", CommentBody::as_str),
        now,
        deleted,
    )
    .execute(cx.db())
    .await?;
    find(cx.db(), before.task_id, before.id).await
}
