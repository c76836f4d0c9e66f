//! Tags of a team.

use crate::page::ByTime;
use crate::team::ids;
use crate::{Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::Actor;
use millstream_domain::task::TagName;
use millstream_event_log::events::task::Tag as TaskTag;
use uuid::Uuid;

/// The first half of the advisory lock under which a team's tags are made ("tag"); the second is the team.
const TAG_LOCK: i32 = 0x0074_6167;

/// A tag.
#[derive(Debug, Clone)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Whose it is.
    pub team_id: TeamId,
    /// Its name.
    pub name: String,
    /// The colour it is shown in.
    pub color: String,
    /// When it was first used.
    pub created_at: DateTime<Utc>,
}

impl Store {
    /// The tags of the teams that the actor sees.
    pub async fn tags(
        &self,
        actor: &Actor,
        team: Option<TeamId>,
        page: &PageRequest,
    ) -> Result<Page<Tag>, StoreError> {
        let visible = ids(actor.visible_teams());
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query!(
            "select id, team_id, name, color, created_at from app.tag
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
        let tags = rows
            .into_iter()
            .map(|r| Tag {
                id: TagId(r.id),
                team_id: TeamId(r.team_id),
                name: r.name,
                color: r.color,
                created_at: r.created_at,
            })
            .collect();
        Ok(Page::of(tags, page, |tag| ByTime(tag.created_at, tag.id.0)))
    }
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
) -> Result<Vec<TaskTag>, StoreError> {
    if let Some(tags) = find(cx, team, names).await? {
        return Ok(tags);
    }
    // One at a time per team: two who make the same tags in another order would wait for each other.
    sqlx::query!(
        "select pg_advisory_xact_lock($1, hashtext($2))",
        TAG_LOCK,
        team.to_string()
    )
    .fetch_one(cx.db())
    .await?;
    let fresh: Vec<Uuid> = names.iter().map(|_| cx.id()).collect();
    let texts: Vec<String> = names.iter().map(ToString::to_string).collect();
    let now = cx.now;
    sqlx::query!(
        "insert into app.tag (id, team_id, name, created_at)
         select distinct on (lower(name)) id, $1, name, $4
         from unnest($2::uuid[], $3::text[]) with ordinality as t (id, name, place) order by lower(name), place
         on conflict do nothing",
        team.0,
        &fresh,
        &texts,
        now,
    )
    .execute(cx.db())
    .await?;
    find(cx, team, names)
        .await?
        .ok_or_else(|| StoreError::Conflict("a tag was deleted meanwhile".into()))
}
