//! Tags of a team: reading them, and finding or making those that tasks are given. The changes are in the files below.

mod change;
mod color;
mod delete;
pub(crate) mod many;

pub use change::{CreateTag, UpdateTag};
pub use delete::TAKEN_OFF_PER_TRANSACTION;

use crate::page::ByTime;
use crate::team::ids;
use crate::{Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::{Action, Actor, Target, decide};
use millstream_domain::tag;
use millstream_domain::task::TagName;
use millstream_event_log::Event;
use millstream_event_log::events::tag::{TagAlone, TagEvent, TagState};
use millstream_event_log::events::task::Tag as TaskTag;
use uuid::Uuid;

/// The first half of the advisory lock under which a team's tags are made ("tag"); the second is the team.
const TAG_LOCK: i32 = 0x0074_6167;

struct Row {
    id: Uuid,
    team_id: Uuid,
    name: String,
    color: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_state(self) -> TagState {
        TagState {
            id: TagId(self.id),
            team_id: TeamId(self.team_id),
            name: self.name,
            color: self.color,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

impl Store {
    /// The tags of the teams that the actor sees, oldest first.
    pub async fn tags(
        &self,
        actor: &Actor,
        team: Option<TeamId>,
        page: &PageRequest,
    ) -> Result<Page<TagState>, StoreError> {
        let visible = ids(actor.visible_teams());
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            "select id, team_id, name, color, created_at, updated_at, version from app.tag
             where ($1::uuid[] is null or team_id = any($1))
               and ($2::uuid is null or team_id = $2)
               and ($3::timestamptz is null or (created_at, id) > ($3, $4::uuid))
             order by created_at, id limit $5",
            visible.as_deref(),
            team.map(Uuid::from),
            after.map(|a| a.0),
            after.map(|a| a.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| ByTime(row.created_at, row.id)).map(Row::into_state))
    }

    /// A tag, if the actor sees its team.
    pub async fn tag(&self, actor: &Actor, id: TagId) -> Result<TagState, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "select id, team_id, name, color, created_at, updated_at, version from app.tag where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool)
        .await?
        .ok_or(StoreError::NotFound)?;
        decide(actor, Action::ReadTeam, Target::team(TeamId(row.team_id)))?;
        Ok(row.into_state())
    }
}

/// Asks the policy and locks a tag for a change. Its team is for ever.
async fn locked(cx: &mut Changing<'_>, actor: &Actor, id: TagId) -> Result<TagState, StoreError> {
    // Only of the teams where they may, so that nobody holds up a tag that is not theirs.
    let teams = ids(actor.teams_for(Action::ManageTags));
    let locked = sqlx::query_as!(
        Row,
        "select id, team_id, name, color, created_at, updated_at, version
         from app.tag
         where id = $1 and ($2::uuid[] is null or team_id = any($2)) for no key update",
        id.0,
        teams.as_deref(),
    )
    .fetch_optional(cx.db())
    .await?;
    if let Some(row) = locked {
        return Ok(row.into_state());
    }
    let team = sqlx::query_scalar!("select team_id from app.tag where id = $1", id.0)
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
    decide(actor, Action::ManageTags, Target::team(TeamId(team)))?;
    Err(StoreError::NotFound)
}

/// The tags that a task is given, and what is to be said of those that are new.
#[derive(Debug, Default)]
pub(crate) struct Given {
    pub(crate) tags: Vec<TaskTag>,
    pub(crate) events: Vec<Event>,
}

/// The tags of these names, if the team has them all; `None` if some are to be made.
pub(crate) async fn find(
    cx: &mut Changing<'_>,
    team: TeamId,
    names: &[TagName],
) -> Result<Option<Vec<TaskTag>>, StoreError> {
    if names.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    // Names are compared by the database alone, because what `lower` does depends on its locale.
    let rows = sqlx::query!(
        r#"
        select distinct w.folded as "folded!", g.id as "id?", g.name as "name?"
        from (select lower(n) as folded from unnest($2::text[]) n) w
        left join app.tag g on g.team_id = $1 and lower(g.name) = w.folded
        "#,
        team.0,
        &texts,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            Some(TaskTag {
                id: TagId(row.id?),
                name: row.name?,
            })
        })
        .collect())
}

/// The tags of these names; those that the team does not have yet are made.
pub(crate) async fn find_or_make(
    cx: &mut Changing<'_>,
    team: TeamId,
    names: &[TagName],
) -> Result<Given, StoreError> {
    if let Some(tags) = find(cx, team, names).await? {
        return Ok(Given {
            tags,
            events: Vec::new(),
        });
    }
    // One at a time per team: two who make the same tags in another order would wait for each other.
    sqlx::query!(
        "select pg_advisory_xact_lock($1, hashtext($2))",
        TAG_LOCK,
        team.to_string()
    )
    .fetch_one(cx.db())
    .await?;
    let events = make(cx, team, names).await?;
    let tags = find(cx, team, names).await?.ok_or_else(deleted_meanwhile)?;
    Ok(Given { tags, events })
}

fn deleted_meanwhile() -> StoreError {
    StoreError::Conflict("a tag was deleted meanwhile".into())
}

async fn make(
    cx: &mut Changing<'_>,
    team: TeamId,
    names: &[TagName],
) -> Result<Vec<Event>, StoreError> {
    let fresh: Vec<Uuid> = names.iter().map(|_| cx.id()).collect();
    let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    let now = cx.now;
    let mut made = sqlx::query_as!(
        Row,
        "insert into app.tag (id, team_id, name, color, created_at, updated_at)
         select distinct on (lower(name)) id, $1, name, $5, $4, $4
         from unnest($2::uuid[], $3::text[]) with ordinality as t (id, name, place) order by lower(name), place
         on conflict do nothing
         returning id, team_id, name, color, created_at, updated_at, version",
        team.0,
        &fresh,
        &texts,
        now,
        tag::DEFAULT,
    )
    .fetch_all(cx.db())
    .await?;
    // In the order in which they were named, whatever order the database has inserted them in.
    made.sort_by_key(|row| fresh.iter().position(|id| *id == row.id));
    let created = |row: Row| {
        let tag = row.into_state();
        TagEvent::Created(TagAlone { tag }).into()
    };
    Ok(made.into_iter().map(created).collect())
}

/// The team goes, and with it its tags, which are on no task any more.
pub(crate) async fn remove_all(
    cx: &mut Changing<'_>,
    team: TeamId,
) -> Result<Vec<Event>, StoreError> {
    let mut rows = sqlx::query_as!(
        Row,
        "delete from app.tag where team_id = $1
         returning id, team_id, name, color, created_at, updated_at, version",
        team.0,
    )
    .fetch_all(cx.db())
    .await?;
    rows.sort_by_key(|row| row.id);
    let deleted = |row: Row| {
        let tag = row.into_state();
        TagEvent::Deleted(TagAlone { tag }).into()
    };
    Ok(rows.into_iter().map(deleted).collect())
}
