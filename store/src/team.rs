//! Teams. Who belongs to them: `team/member.rs`.

mod member;
pub(crate) mod owner;

pub use member::{Member, MemberPut, PutMember, RemoveMember};

use crate::page::ByTime;
use crate::version::check_version;
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError, tag};
use chrono::{DateTime, Utc};
use millstream_domain::ids::TeamId;
use millstream_domain::policy::{Action, Actor, Refusal, Target, Visible, decide};
use millstream_domain::team::{Purpose, TeamName};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::member::MemberEvent;
use millstream_event_log::events::team::{TeamAlone, TeamEvent, TeamState};
use uuid::Uuid;

struct Row {
    id: Uuid,
    name: String,
    description: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_state(self) -> TeamState {
        let Self {
            id,
            name,
            description,
            created_at,
            updated_at,
            version,
        } = self;
        TeamState {
            id: TeamId(id),
            name,
            description,
            created_at,
            updated_at,
            version,
        }
    }
}

impl Store {
    /// The teams that the actor sees, oldest first.
    pub async fn teams(
        &self,
        actor: &Actor,
        page: &PageRequest,
    ) -> Result<Page<TeamState>, StoreError> {
        let visible = ids(actor.visible_teams());
        let after: Option<ByTime> = page.after()?;
        let rows = sqlx::query_as!(
            Row,
            "select id, name, description, created_at, updated_at, version from app.team
             where ($1::uuid[] is null or id = any($1))
               and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
             order by created_at, id limit $4",
            visible.as_deref(),
            after.map(|a| a.0),
            after.map(|a| a.1),
            page.rows(),
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(Page::of(rows, page, |row| ByTime(row.created_at, row.id)).map(Row::into_state))
    }

    /// A team, if the actor sees it.
    pub async fn team(&self, actor: &Actor, id: TeamId) -> Result<TeamState, StoreError> {
        decide(actor, Action::ReadTeam, Target::team(id))?;
        sqlx::query_as!(
            Row,
            "select id, name, description, created_at, updated_at, version from app.team where id = $1",
            id.0,
        )
        .fetch_optional(&self.pool)
        .await?
        .map(Row::into_state)
        .ok_or(StoreError::NotFound)
    }
}

/// Visible teams as a parameter: `None` for all.
pub(crate) fn ids(visible: Visible) -> Option<Vec<Uuid>> {
    match visible {
        Visible::All => None,
        Visible::Teams(teams) => Some(teams.into_iter().map(Uuid::from).collect()),
    }
}

/// Somebody founds a team, and owns it.
#[derive(Debug)]
pub struct CreateTeam {
    /// Who.
    pub actor: Actor,
    /// Its name.
    pub name: TeamName,
    /// What it is for.
    pub description: Option<Purpose>,
}

impl Change for CreateTeam {
    type Output = TeamState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<TeamState>, StoreError> {
        decide(&self.actor, Action::CreateTeam, Target::SYSTEM)?;
        let owner = self.actor.user_id().ok_or(Refusal::Unauthenticated)?;
        let (id, now): (TeamId, _) = (cx.id(), cx.now);
        let state = sqlx::query_as!(
            Row,
            "insert into app.team (id, name, description, created_at, updated_at) values ($1, $2, $3, $4, $4)
             returning id, name, description, created_at, updated_at, version",
            id.0,
            self.name.as_str(),
            self.description.as_ref().map_or("", Purpose::as_str),
            now,
        )
        .fetch_one(cx.db())
        .await?
        .into_state();
        let added = member::add_founder(cx, id, owner).await?;
        let events = vec![
            TeamEvent::Created(TeamAlone {
                team: state.clone(),
            })
            .into(),
            MemberEvent::Added(added).into(),
        ];
        Ok(Changed {
            output: state,
            events,
        })
    }
}

/// Locks the team, so that what is decided about it stays so until the commit. Others may still refer to it.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    action: Action,
    id: TeamId,
) -> Result<TeamState, StoreError> {
    // First, so that nobody holds up a team that is not theirs.
    decide(actor, action, Target::team(id))?;
    sqlx::query_as!(
        Row,
        "select id, name, description, created_at, updated_at, version
         from app.team where id = $1 for no key update",
        id.0,
    )
    .fetch_optional(cx.db())
    .await?
    .map(Row::into_state)
    .ok_or(StoreError::NotFound)
}

/// Somebody changes a team.
#[derive(Debug)]
pub struct UpdateTeam {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: TeamId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// Its new name.
    pub name: Option<TeamName>,
    /// What it is for now.
    pub description: Option<Purpose>,
}

impl Change for UpdateTeam {
    type Output = TeamState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<TeamState>, StoreError> {
        let before = locked(cx, &self.actor, Action::EditTeam, self.id).await?;
        check_version(self.expected_version, before.version)?;
        let mut after = before.clone();
        if let Some(name) = self.name {
            after.name = name.into_string();
        }
        if let Some(description) = self.description {
            after.description = description.into_string();
        }
        if after == before {
            return Ok(Changed::nothing(after));
        }
        after.version += 1;
        after.updated_at = cx.now;
        sqlx::query!(
            "update app.team set name = $2, description = $3, updated_at = $4, version = $5 where id = $1",
            after.id.0,
            after.name,
            after.description,
            after.updated_at,
            after.version,
        )
        .execute(cx.db())
        .await?;
        let event = TeamEvent::Updated(Before {
            before,
            after: after.clone(),
        });
        Ok(Changed::because(after, event))
    }
}

/// Somebody deletes a team that holds no projects any more.
#[derive(Debug)]
pub struct DeleteTeam {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: TeamId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
}

impl Change for DeleteTeam {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let team = locked(cx, &self.actor, Action::DeleteTeam, self.id).await?;
        check_version(self.expected_version, team.version)?;
        // Waits for those who are making a project in it, and keeps others from it.
        sqlx::query!(
            "select id from app.team where id = $1 for update",
            self.id.0
        )
        .fetch_optional(cx.db())
        .await?;
        let used = sqlx::query_scalar!(
            r#"select exists (select from app.project where team_id = $1) as "used!""#,
            self.id.0,
        )
        .fetch_one(cx.db())
        .await?;
        if used {
            return Err(StoreError::Conflict(
                "the team still has projects: delete them first".into(),
            ));
        }
        let mut events = tag::remove_all(cx, self.id).await?;
        events.extend(member::remove_all(cx, self.id).await?);
        sqlx::query!("delete from app.team where id = $1", self.id.0)
            .execute(cx.db())
            .await?;
        events.push(TeamEvent::Deleted(TeamAlone { team }).into());
        Ok(Changed { output: (), events })
    }
}
