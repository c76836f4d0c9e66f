//! Mails about what happens to tasks. They are intended by the pipeline `mails` and made when they are sent: who may not see
//! the task by then, or wants no such mail any more, gets none.

use crate::actor::{person, stored};
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{CommentId, EventId, TaskId, TeamId, UserId};
use millstream_domain::mail::MailReason;
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::task::{Priority, Status};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

/// What a mail is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Who is told.
    pub user_id: UserId,
    /// Why.
    pub reason: MailReason,
    /// Who acted; `None` where time did.
    pub actor: Option<UserId>,
    /// The task.
    pub task_id: TaskId,
    /// The comment.
    pub comment_id: Option<CommentId>,
}

/// A mail that is to be intended.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The event that is the reason.
    pub event_id: EventId,
    /// When that happened.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub about: Reference,
}

/// Writes down mails that are to be sent, to those who are there and want them; one for each event, reason and person,
/// however often this is done.
pub async fn intend_all(
    db: &mut PgConnection,
    intents: &[Intent],
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let (mut ids, mut events, mut reasons) = (vec![], vec![], vec![]);
    let (mut kinds, mut users, mut contents) = (vec![], vec![], vec![]);
    for intent in intents {
        let about = &intent.about;
        let kind = format!("task_{}", about.reason);
        let name = format!("mail/{kind}/{}", about.user_id);
        ids.push(Uuid::new_v5(&intent.event_id.0, name.as_bytes()));
        events.push(intent.event_id.0);
        reasons.push(about.reason.to_string());
        users.push(about.user_id.0);
        let content = super::MailContent::TaskNews(about.clone());
        contents.push(serde_json::to_string(&content).expect("ids and words have a JSON form"));
        kinds.push(kind);
    }
    sqlx::query!(
        "insert into app.mail (id, event_id, kind, recipient, content, next_at, created_at)
         select n.id, n.event_id, n.kind, u.email, n.content::json, $7, $7
         from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::text[])
              as n (id, event_id, kind, reason, user_id, content)
         join app.user u on u.id = n.user_id and u.active
         left join app.mail_preference p on p.user_id = n.user_id
         where p.off is null or n.reason <> all(p.off)
         on conflict do nothing",
        &ids,
        &events,
        &kinds,
        &reasons,
        &users,
        &contents,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a mail about a task tells, as it is when the mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// How its reader is called.
    pub reader: String,
    /// The reader's time zone.
    pub time_zone: String,
    /// Who acted.
    pub actor: Option<String>,
    /// The task's name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub status: Status,
    /// How much it matters.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Option<DateTime<Utc>>,
    /// What the comment says, in Markdown.
    pub comment: Option<String>,
}

impl Store {
    /// What a mail to this address tells; `None` when it is not wanted any more: the reader is gone, has another address, may
    /// not see the task, wants no such mails; or the task or the comment was removed.
    pub async fn task_news(
        &self,
        about: &Reference,
        recipient: &str,
    ) -> Result<Option<News>, StoreError> {
        let row = sqlx::query!(
            r#"
            select u.role, u.display_name as reader, u.time_zone, t.team_id, t.number, k.key, t.title, t.status,
                   t.priority, t.due_at, c.body as "comment?", a.display_name as "actor?",
                   (select array_agg(m.team_id) from app.membership m where m.user_id = u.id) as teams,
                   (select array_agg(m.role) from app.membership m where m.user_id = u.id) as roles
            from app.user u
            join app.task t on t.id = $2 and t.trashed_at is null
            join app.project k on k.id = t.project_id
            left join app.user a on a.id = $3
            left join app.comment c on c.id = $4 and c.deleted_at is null
            left join app.mail_preference p on p.user_id = u.id
            where u.id = $1 and u.active and u.email = $5
              and (p.off is null or $6 <> all(p.off)) and ($4::uuid is null or c.id is not null)
            "#,
            about.user_id.0,
            about.task_id.0,
            about.actor.map(Uuid::from),
            about.comment_id.map(Uuid::from),
            recipient,
            about.reason.as_str(),
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (teams, roles) = (row.teams.unwrap_or_default(), row.roles.unwrap_or_default());
        let reader = Actor::User(person(about.user_id, &row.role, teams, &roles));
        if decide(&reader, Action::ReadTeam, Target::team(TeamId(row.team_id))).is_err() {
            return Ok(None);
        }
        Ok(Some(News {
            reader: row.reader,
            time_zone: row.time_zone,
            actor: row.actor,
            name: format!("{}-{}", row.key, row.number),
            title: row.title,
            status: stored(&row.status),
            priority: stored(&row.priority),
            due_at: row.due_at,
            comment: row.comment,
        }))
    }
}
