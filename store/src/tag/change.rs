//! A tag is made by itself, renamed or given another colour.

use super::{Row, locked};
use crate::version::check_version;
use crate::{Change, Changed, Changing, StoreError};
use millstream_domain::field::FieldCode;
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::policy::{Action, Actor, Refusal, Target, decide};
use millstream_domain::tag::TagColor;
use millstream_domain::task::TagName;
use millstream_event_log::events::Change as Before;
use millstream_event_log::events::tag::{TagAlone, TagEvent, TagState};

/// Somebody makes a tag.
#[derive(Debug)]
pub struct CreateTag {
    /// Who.
    pub actor: Actor,
    /// Whose it is.
    pub team_id: TeamId,
    /// Its name.
    pub name: TagName,
    /// The colour it is shown in.
    pub color: TagColor,
}

impl Change for CreateTag {
    type Output = TagState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<TagState>, StoreError> {
        // Shared, so that the team cannot be deleted meanwhile.
        let team = sqlx::query_scalar!(
            "select id from app.team where id = $1 for key share",
            self.team_id.0
        )
        .fetch_optional(cx.db())
        .await?;
        match decide(&self.actor, Action::ManageTags, Target::team(self.team_id)) {
            Ok(()) if team.is_some() => {}
            Err(Refusal::Hidden) | Ok(()) => {
                return Err(StoreError::field(
                    "team_id",
                    FieldCode::NotFound,
                    "must be a team of yours",
                ));
            }
            Err(refusal) => return Err(refusal.into()),
        }
        let (id, now): (TagId, _) = (cx.id(), cx.now);
        let tag = sqlx::query_as!(
            Row,
            "insert into app.tag (id, team_id, name, color, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
             returning id, team_id, name, color, created_at, updated_at, version",
            id.0,
            self.team_id.0,
            self.name.as_str(),
            self.color.as_str(),
            now,
        )
        .fetch_one(cx.db())
        .await?
        .into_state();
        let event = TagEvent::Created(TagAlone { tag: tag.clone() });
        Ok(Changed::because(tag, event))
    }
}

/// Somebody renames a tag or gives it another colour. The tasks that carry it stay as they are, and show the new name.
#[derive(Debug)]
pub struct UpdateTag {
    /// Who.
    pub actor: Actor,
    /// Which.
    pub id: TagId,
    /// The version that they know, if they said.
    pub expected_version: Option<crate::Versions>,
    /// Its new name.
    pub name: Option<TagName>,
    /// Its new colour.
    pub color: Option<TagColor>,
}

impl Change for UpdateTag {
    type Output = TagState;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<TagState>, StoreError> {
        let before = locked(cx, &self.actor, self.id).await?;
        check_version(self.expected_version, before.version)?;
        let mut after = before.clone();
        if let Some(name) = self.name {
            after.name = name.into_string();
        }
        if let Some(color) = self.color {
            after.color = color.into_string();
        }
        if after == before {
            return Ok(Changed::nothing(after));
        }
        after.version += 1;
        after.updated_at = cx.now;
        sqlx::query!(
            "update app.tag set name = $2, color = $3, updated_at = $4, version = $5 where id = $1",
            after.id.0,
            after.name,
            after.color,
            after.updated_at,
            after.version,
        )
        .execute(cx.db())
        .await?;
        let event = TagEvent::Updated(Before {
            before,
            after: after.clone(),
        });
        Ok(Changed::because(after, event))
    }
}
