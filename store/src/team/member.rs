//! Who belongs to a team, and as what. The team is locked while that changes.

use super::locked;
use super::owner::keep_another;
use crate::actor::stored;
use crate::page::not_ours;
use crate::version::{GONE, Versions, check_version};
use crate::{Change, Changed, Changing, Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::team::TeamRole;
use millstream_event_log::Event;
use millstream_event_log::events::member::{MemberEvent, Membership};
use sqlx::PgConnection;
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
    /// When their role was last changed.
    pub updated_at: DateTime<Utc>,
    /// Raised at each change.
    pub version: i64,
}

struct Row {
    user_id: Uuid,
    username: String,
    display_name: String,
    role: String,
    added_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl Row {
    fn into_member(self) -> Member {
        Member {
            user_id: UserId(self.user_id),
            username: self.username,
            display_name: self.display_name,
            role: stored(&self.role),
            added_at: self.added_at,
            updated_at: self.updated_at,
            version: self.version,
        }
    }
}

impl Store {
    /// All members of a team, if the actor sees it, by name: to choose from.
    pub async fn members(&self, actor: &Actor, team: TeamId) -> Result<Vec<Member>, StoreError> {
        self.team(actor, team).await?;
        let rows = self.members_behind(team, None, i64::MAX).await?;
        Ok(rows.into_iter().map(Row::into_member).collect())
    }

    /// A page of them.
    pub async fn members_page(
        &self,
        actor: &Actor,
        team: TeamId,
        page: &PageRequest,
    ) -> Result<Page<Member>, StoreError> {
        let after: Option<String> = page.after()?;
        if after.as_ref().is_some_and(|name| name.contains('\0')) {
            return Err(not_ours());
        }
        self.team(actor, team).await?;
        let rows = self
            .members_behind(team, after.as_deref(), page.rows())
            .await?;
        Ok(Page::of(rows, page, |row| row.username.clone()).map(Row::into_member))
    }

    async fn members_behind(
        &self,
        team: TeamId,
        name: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        Ok(sqlx::query_as!(
            Row,
            "select m.user_id, u.username, u.display_name, m.role, m.added_at, m.updated_at, m.version
             from app.membership m join app.user u on u.id = m.user_id
             where m.team_id = $1 and ($2::text is null or u.username > $2)
             order by u.username limit $3",
            team.0,
            name,
            limit,
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// One member of a team that the actor sees.
    pub async fn member(
        &self,
        actor: &Actor,
        team: TeamId,
        user: UserId,
    ) -> Result<Member, StoreError> {
        decide(actor, Action::ReadTeam, Target::team(team))?;
        let mut db = self.pool.acquire().await?;
        find(&mut db, team, user).await?.ok_or(StoreError::NotFound)
    }
}

async fn find(
    db: &mut PgConnection,
    team: TeamId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select m.user_id, u.username, u.display_name, m.role, m.added_at, m.updated_at, m.version
         from app.membership m join app.user u on u.id = m.user_id
         where m.team_id = $1 and m.user_id = $2",
        team.0,
        user.0,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Row::into_member))
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
    /// The version of the membership that they know, if they said.
    pub expected_version: Option<Versions>,
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
        let (actor, team) = (&self.actor, Target::team(self.team_id));
        decide(actor, Action::ManageMembers, team)?;
        keep_active(cx, self.user_id).await?;
        locked(cx, actor, Action::ManageMembers, self.team_id).await?;
        let Some(before) = find(cx.db(), self.team_id, self.user_id).await? else {
            check_version(self.expected_version, GONE)?;
            return self.add(cx).await;
        };
        if before.role == TeamRole::Owner || self.role == TeamRole::Owner {
            decide(
                &self.actor,
                Action::ManageOwners,
                Target::team(self.team_id),
            )?;
        }
        check_version(self.expected_version, before.version)?;
        if before.role == self.role {
            return Ok(Changed::nothing(MemberPut {
                member: before,
                added: false,
            }));
        }
        if before.role == TeamRole::Owner {
            keep_another(cx, self.team_id, self.user_id).await?;
        }
        let member = Member {
            role: self.role,
            updated_at: cx.now,
            version: before.version + 1,
            ..before.clone()
        };
        sqlx::query!(
            "update app.membership set role = $3, updated_at = $4, version = $5 where team_id = $1 and user_id = $2",
            self.team_id.0,
            self.user_id.0,
            self.role.as_str(),
            member.updated_at,
            member.version,
        )
        .execute(cx.db())
        .await?;
        let event = MemberEvent::Changed(Membership {
            team_id: self.team_id,
            user_id: self.user_id,
            username: before.username,
            role: self.role,
            role_before: Some(before.role),
        });
        Ok(Changed::because(
            MemberPut {
                member,
                added: false,
            },
            event,
        ))
    }
}

impl PutMember {
    async fn add(self, cx: &mut Changing<'_>) -> Result<Changed<MemberPut>, StoreError> {
        if self.role == TeamRole::Owner {
            decide(
                &self.actor,
                Action::ManageOwners,
                Target::team(self.team_id),
            )?;
        }
        let member = insert(cx, self.team_id, self.user_id, self.role)
            .await?
            .ok_or(StoreError::NotFound)?;
        let event = MemberEvent::Added(joined(self.team_id, &member));
        Ok(Changed::because(
            MemberPut {
                member,
                added: true,
            },
            event,
        ))
    }
}

/// Holds up whoever deactivates this person until the commit, or waits for them: a team counts on owners who can log in.
/// Before the team, because who deactivates somebody locks the person and then the teams that they own.
async fn keep_active(cx: &mut Changing<'_>, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("select id from app.user where id = $1 for share", user.0)
        .fetch_optional(cx.db())
        .await?;
    Ok(())
}

/// Writes a membership; `None` when there is no such active person.
async fn insert(
    cx: &mut Changing<'_>,
    team: TeamId,
    user: UserId,
    role: TeamRole,
) -> Result<Option<Member>, StoreError> {
    let now = cx.now;
    let row = sqlx::query_as!(
        Row,
        r#"
        with known as (select id, username, display_name from app.user where id = $2 and active for share),
             added as (
                 insert into app.membership (team_id, user_id, role, added_at, updated_at)
                 select $1, id, $3, $4, $4 from known
                 returning user_id, role, added_at, updated_at, version
             )
        select a.user_id, k.username, k.display_name, a.role, a.added_at, a.updated_at, a.version
        from added a join known k on k.id = a.user_id
        "#,
        team.0,
        user.0,
        role.as_str(),
        now,
    )
    .fetch_optional(cx.db())
    .await?;
    Ok(row.map(Row::into_member))
}

fn joined(team_id: TeamId, member: &Member) -> Membership {
    let (user_id, username, role) = (member.user_id, member.username.clone(), member.role);
    Membership {
        team_id,
        user_id,
        username,
        role,
        role_before: None,
    }
}

fn left(team_id: TeamId, member: Member) -> Membership {
    let Member {
        user_id,
        username,
        role,
        ..
    } = member;
    Membership {
        team_id,
        user_id,
        username,
        role,
        role_before: Some(role),
    }
}

/// Who founds a team owns it.
pub(super) async fn add_founder(
    cx: &mut Changing<'_>,
    team: TeamId,
    founder: UserId,
) -> Result<Membership, StoreError> {
    let member = insert(cx, team, founder, TeamRole::Owner)
        .await?
        .ok_or(Refusal::Unauthenticated)?;
    Ok(joined(team, &member))
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
    /// The version of the membership that they know, if they said.
    pub expected_version: Option<Versions>,
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
        let member = find(cx.db(), self.team_id, self.user_id)
            .await?
            .ok_or(StoreError::NotFound)?;
        let is_owner = member.role == TeamRole::Owner;
        if is_owner && !leaving {
            decide(
                &self.actor,
                Action::ManageOwners,
                Target::team(self.team_id),
            )?;
        }
        check_version(self.expected_version, member.version)?;
        if is_owner {
            keep_another(cx, self.team_id, self.user_id).await?;
        }
        sqlx::query!(
            "delete from app.membership where team_id = $1 and user_id = $2",
            self.team_id.0,
            self.user_id.0,
        )
        .execute(cx.db())
        .await?;
        Ok(Changed::because(
            (),
            MemberEvent::Removed(left(self.team_id, member)),
        ))
    }
}

/// The team goes, and with it who belongs to it.
pub(super) async fn remove_all(
    cx: &mut Changing<'_>,
    team: TeamId,
) -> Result<Vec<Event>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "delete from app.membership m using app.user u where m.team_id = $1 and u.id = m.user_id
         returning m.user_id, u.username, u.display_name, m.role, m.added_at, m.updated_at, m.version",
        team.0,
    )
    .fetch_all(cx.db())
    .await?;
    let event = |row: Row| MemberEvent::Removed(left(team, row.into_member())).into();
    Ok(rows.into_iter().map(event).collect())
}
