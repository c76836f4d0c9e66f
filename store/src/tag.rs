//! Tags of a team.

use crate::page::ByTime;
use crate::team::ids;
use crate::{Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::Actor;
use millstream_domain::task::TagName;
use uuid::Uuid;

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

/// The ids of a team's tags by name; those that do not exist yet are made.
pub(crate) async fn ids_of(
    cx: &mut Changing<'_>,
    team: TeamId,
    names: &[TagName],
) -> Result<Vec<Uuid>, StoreError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let fresh: Vec<Uuid> = names.iter().map(|_| cx.id()).collect();
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let now = cx.now;
    // Sorted, so that two who make the same tags at once wait for each other in one order.
    sqlx::query!(
        "insert into app.tag (id, team_id, name, created_at)
         select distinct on (lower(name)) id, $1, name, $4
         from unnest($2::uuid[], $3::text[]) as t (id, name) order by lower(name)
         on conflict do nothing",
        team.0,
        &fresh,
        &names,
        now,
    )
    .execute(cx.db())
    .await?;
    let ids = sqlx::query_scalar!(
        "select id from app.tag
         where team_id = $1 and lower(name) in (select lower(n) from unnest($2::text[]) n)",
        team.0,
        &names,
    )
    .fetch_all(cx.db())
    .await?;
    Ok(ids)
}
