//! Teams and who belongs to them.

use crate::actor::stored;
use crate::page::ByTime;
use crate::user::check_version;
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, Visible, decide};
use millstream_domain::team::{Purpose, TeamName, TeamRole};
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::member::{MemberEvent, Membership};
use millstream_event_log::events::team::{TeamAlone, TeamEvent, TeamState};
use uuid::Uuid;

/// A member of a team.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub username: String,
    /// How they are shown.
    pub display_name: String,
    /// As what.
    pub role: TeamRole,
    /// Since when.
    pub added_at: DateTime<Utc>,
}

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

    /// The members of a team, if the actor sees it, by name. A team is not paged: it fits into one answer.
    pub async fn members(&self, actor: &Actor, team: TeamId) -> Result<Vec<Member>, StoreError> {
        self.team(actor, team).await?;
        let rows = sqlx::query!(
            "select m.user_id, u.username, u.display_name, m.role, m.added_at
             from app.membership m join app.user u on u.id = m.user_id
             where m.team_id = $1 order by u.username",
            team.0,
        )
        .fetch_all(&self.pool)
        .await?;
        let member = rows.into_iter().map(|r| Member {
            user_id: UserId(r.user_id),
            username: r.username,
            display_name: r.display_name,
            role: stored(&r.role),
            added_at: r.added_at,
        });
        Ok(member.collect())
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
        let username = put(cx, id, owner, TeamRole::Owner).await?;
        let role = TeamRole::Owner;
        let member = Membership {
            team_id: id,
            user_id: owner,
            username,
            role,
            role_before: None,
        };
        let events = vec![
            TeamEvent::Created(TeamAlone {
                team: state.clone(),
            })
            .into(),
            MemberEvent::Added(member).into(),
        ];
        Ok(Changed {
            output: state,
            events,
        })
    }
}

/// Locks the team, so that what is decided about it stays so until the commit.
async fn locked(
    cx: &mut Changing<'_>,
    actor: &Actor,
    action: Action,
    id: TeamId,
) -> Result<TeamState, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select id, name, description, created_at, updated_at, version from app.team where id = $1 for update",
        id.0,
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or(StoreError::NotFound)?;
    decide(actor, action, Target::team(id))?;
    Ok(row.into_state())
}

/// Somebody changes a team.
#[derive(Debug)]
pub struct UpdateTeam {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: TeamId,
    /// The version that they know, if they said.
    pub expected_version: Option<i64>,
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
    pub expected_version: Option<i64>,
}

impl Change for DeleteTeam {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let team = locked(cx, &self.actor, Action::DeleteTeam, self.id).await?;
        check_version(self.expected_version, team.version)?;
        let used = sqlx::query_scalar!(
            r#"select exists (select from app.project where team_id = $1) as "used!""#,
            self.id.0,
        )
        .fetch_one(cx.db())
        .await?;
        if used {
            return Err(StoreError::Conflict(
                "the team still has projects: delete or move them first".into(),
            ));
        }
        let gone = sqlx::query!(
            "delete from app.membership m using app.user u where m.team_id = $1 and u.id = m.user_id
             returning m.user_id, m.role, u.username",
            self.id.0,
        )
        .fetch_all(cx.db())
        .await?;
        sqlx::query!("delete from app.team where id = $1", self.id.0)
            .execute(cx.db())
            .await?;
        let mut events: Vec<millstream_event_log::Event> = Vec::with_capacity(gone.len() + 1);
        for row in gone {
            let role = stored(&row.role);
            let (team_id, user_id) = (self.id, UserId(row.user_id));
            let member = Membership {
                team_id,
                user_id,
                username: row.username,
                role,
                role_before: Some(role),
            };
            events.push(MemberEvent::Removed(member).into());
        }
        events.push(TeamEvent::Deleted(TeamAlone { team }).into());
        Ok(Changed { output: (), events })
    }
}

/// Somebody makes a person a member, or gives a member another role.
#[derive(Debug)]
pub struct PutMember {
    /// Who.
    pub actor: Actor,
    /// To which team.
    pub team_id: TeamId,
    /// Whom.
    pub user_id: UserId,
    /// As what.
    pub role: TeamRole,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct MemberPut {
    /// The member.
    pub member: Member,
    /// Whether they were none before.
    pub added: bool,
}

impl Change for PutMember {
    type Output = MemberPut;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<MemberPut>, StoreError> {
        locked(cx, &self.actor, Action::ManageMembers, self.team_id).await?;
        let before = role_of(cx, self.team_id, self.user_id).await?;
        if before == Some(TeamRole::Owner) || self.role == TeamRole::Owner {
            decide(
                &self.actor,
                Action::ManageOwners,
                Target::team(self.team_id),
            )?;
        }
        if before == Some(TeamRole::Owner) && self.role != TeamRole::Owner {
            keep_an_owner(cx, self.team_id).await?;
        }
        let known = sqlx::query!(
            "select username, display_name from app.user where id = $1 and active",
            self.user_id.0,
        )
        .fetch_optional(cx.db())
        .await?
        .ok_or(StoreError::NotFound)?;
        let username = put(cx, self.team_id, self.user_id, self.role).await?;
        let member = Member {
            user_id: self.user_id,
            username: username.clone(),
            display_name: known.display_name,
            role: self.role,
            added_at: cx.now,
        };
        let membership = Membership {
            team_id: self.team_id,
            user_id: self.user_id,
            username,
            role: self.role,
            role_before: before,
        };
        let output = MemberPut {
            member,
            added: before.is_none(),
        };
        Ok(match before {
            None => Changed::because(output, MemberEvent::Added(membership)),
            Some(role) if role == self.role => Changed::nothing(output),
            Some(_) => Changed::because(output, MemberEvent::Changed(membership)),
        })
    }
}

/// Somebody removes a member, or leaves.
#[derive(Debug)]
pub struct RemoveMember {
    /// Who.
    pub actor: Actor,
    /// From which team.
    pub team_id: TeamId,
    /// Whom.
    pub user_id: UserId,
}

impl Change for RemoveMember {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let leaving = self.actor.user_id() == Some(self.user_id);
        let action = if leaving {
            Action::ReadTeam
        } else {
            Action::ManageMembers
        };
        locked(cx, &self.actor, action, self.team_id).await?;
        let role = role_of(cx, self.team_id, self.user_id)
            .await?
            .ok_or(StoreError::NotFound)?;
        if role == TeamRole::Owner {
            if !leaving {
                decide(
                    &self.actor,
                    Action::ManageOwners,
                    Target::team(self.team_id),
                )?;
            }
            keep_an_owner(cx, self.team_id).await?;
        }
        let username = sqlx::query_scalar!(
            "delete from app.membership m using app.user u
             where m.team_id = $1 and m.user_id = $2 and u.id = m.user_id returning u.username",
            self.team_id.0,
            self.user_id.0,
        )
        .fetch_one(cx.db())
        .await?;
        let (team_id, user_id) = (self.team_id, self.user_id);
        let member = Membership {
            team_id,
            user_id,
            username,
            role,
            role_before: Some(role),
        };
        Ok(Changed::because((), MemberEvent::Removed(member)))
    }
}

async fn role_of(
    cx: &mut Changing<'_>,
    team: TeamId,
    user: UserId,
) -> Result<Option<TeamRole>, StoreError> {
    let role = sqlx::query_scalar!(
        "select role from app.membership where team_id = $1 and user_id = $2",
        team.0,
        user.0,
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(role.map(|role| stored(&role)))
}

/// The team is locked, so the count holds until the commit.
async fn keep_an_owner(cx: &mut Changing<'_>, team: TeamId) -> Result<(), StoreError> {
    let owners = sqlx::query_scalar!(
        r#"select count(*) as "owners!" from app.membership where team_id = $1 and role = 'owner'"#,
        team.0,
    )
    .fetch_one(cx.db())
    .await?;
    if owners <= 1 {
        return Err(StoreError::Conflict(
            "the last owner cannot go: make somebody else owner first".into(),
        ));
    }
    Ok(())
}

/// Writes a membership; answers with the person's name.
async fn put(
    cx: &mut Changing<'_>,
    team: TeamId,
    user: UserId,
    role: TeamRole,
) -> Result<String, StoreError> {
    let now = cx.now;
    sqlx::query_scalar!(
        "with put as (
             insert into app.membership (team_id, user_id, role, added_at) values ($1, $2, $3, $4)
             on conflict (team_id, user_id) do update set role = excluded.role
             returning user_id
         )
         select username from app.user u join put on put.user_id = u.id",
        team.0,
        user.0,
        role.as_str(),
        now,
    )
    .fetch_optional(cx.db())
    .await?
    .ok_or_else(|| StoreError::field("user_id", FieldCode::NotFound, "must be an active user"))
}
