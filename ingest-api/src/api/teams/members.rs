//! `GET /teams/{id}/members`, `GET`, `PUT` and `DELETE /teams/{id}/members/{user_id}`

use crate::answer::{Answer, Many, One};
use crate::api::ActorBody;
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::word;
use crate::extract::{Id, IdIn, IfMatch, JsonBody, NoParams, Params};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::team::TeamRole;
use millstream_store::team::{Member, PutMember, RemoveMember};
use serde::Serialize;
use utoipa::ToSchema;

/// A member of a team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Member)]
pub(crate) struct MemberBody {
    user: ActorBody,
    #[schema(schema_with = schema::team_role)]
    role: TeamRole,
    added_at: DateTime<Utc>,
    /// The same as `added_at`.
    created_at: DateTime<Utc>,
    /// When the role was last changed.
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<Member> for MemberBody {
    fn from(member: Member) -> Self {
        let user = ActorBody {
            id: member.user_id,
            username: member.username,
            display_name: member.display_name,
        };
        Self {
            user,
            role: member.role,
            added_at: member.added_at,
            created_at: member.added_at,
            updated_at: member.updated_at,
            version: member.version,
        }
    }
}

/// One member.
fn member_answer(member: Member) -> Answer {
    Answer::versioned(member.version, MemberBody::from(member))
}

/// As what somebody is to belong to a team.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct MemberPutBody {
    #[schema(schema_with = schema::team_role)]
    role: String,
}

#[utoipa::path(
    get, path = "/teams/{id}/members", tag = "teams",
    summary = "Members of a team",
    params(
        ("id" = Uuid, Path, description = "The team"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of members, by name", body = Many<MemberBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_members(
    State(app): State<AppState>,
    caller: Caller,
    Id(id): Id<TeamId>,
    mut params: Params,
) -> Result<Answer, ApiError> {
    let page = params.page();
    params.finish(|| Some(()))?;
    let members = app.store().members_page(&caller.actor, id, &page).await?;
    Ok(Answer::page(members.map(MemberBody::from)))
}

#[utoipa::path(
    get, path = "/teams/{id}/members/{user_id}", tag = "teams",
    summary = "A member of a team",
    params(("id" = Uuid, Path, description = "The team"), ("user_id" = Uuid, Path, description = "The person")),
    responses((status = 200, description = "The member", body = One<MemberBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn read_member(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(team_id, user_id): IdIn<TeamId, UserId>,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let member = app.store().member(&caller.actor, team_id, user_id).await?;
    Ok(member_answer(member))
}

#[utoipa::path(
    put, path = "/teams/{id}/members/{user_id}", tag = "teams",
    summary = "Make somebody a member, or give a member another role",
    params(
        IfMatch,
        ("id" = Uuid, Path, description = "The team"),
        ("user_id" = Uuid, Path, description = "The person"),
    ),
    request_body = MemberPutBody,
    responses(
        (status = 200, description = "Was a member before", body = One<MemberBody>),
        (status = 201, description = "Is a member now", body = One<MemberBody>),
        Problems
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put_member(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(team_id, user_id): IdIn<TeamId, UserId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Answer, ApiError> {
    let role = fields.required("role", word::<TeamRole>);
    let actor = caller.actor.clone();
    let put = fields.finish(|| {
        Some(PutMember {
            actor,
            team_id,
            user_id,
            role: role?,
            expected_version,
        })
    })?;
    let written = app.store().write(&caller.origin, put).await?;
    let (member, added) = (written.output.member, written.output.added);
    let answer = member_answer(member).at(written.position);
    Ok(if added {
        answer.created(&format!("/api/v1/teams/{team_id}/members/{user_id}"))
    } else {
        answer
    })
}

#[utoipa::path(
    delete, path = "/teams/{id}/members/{user_id}", tag = "teams",
    summary = "Remove a member, or leave",
    params(
        IfMatch,
        ("id" = Uuid, Path, description = "The team"),
        ("user_id" = Uuid, Path, description = "The person"),
    ),
    responses((status = 204, description = "Is no member any more"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn remove_member(
    State(app): State<AppState>,
    caller: Caller,
    IdIn(team_id, user_id): IdIn<TeamId, UserId>,
    IfMatch(expected_version): IfMatch,
    _: NoParams,
) -> Result<Answer, ApiError> {
    let remove = RemoveMember {
        actor: caller.actor.clone(),
        team_id,
        user_id,
        expected_version,
    };
    let written = app.store().write(&caller.origin, remove).await?;
    Ok(Answer::empty(StatusCode::NO_CONTENT).at(written.position))
}
