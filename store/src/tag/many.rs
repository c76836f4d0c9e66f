//! Tags of several teams, by name, for many tasks at once: read by one statement, made by another.

use super::TAG_LOCK;
use crate::{Changing, StoreError};
use millstream_domain::ids::{TagId, TeamId};
use millstream_domain::tag;
use millstream_domain::task::TagName;
use millstream_event_log::events::tag::{TagAlone, TagEvent, TagState};
use millstream_event_log::events::task::Tag as TaskTag;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The tags that were named, and those that are new.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags {
    /// How the database folds a name: it alone compares names, because what `lower` does depends on its locale.
    folded: BTreeMap<String, String>,
    known: BTreeMap<(TeamId, String), TaskTag>,
}

impl Tags {
    /// The tags of these names. Where a team does not have them all, nobody else makes tags for it until the commit.
    pub(crate) async fn named(
        cx: &mut Changing<'_>,
        names: &BTreeSet<(TeamId, String)>,
    ) -> Result<Self, StoreError> {
        let tags = Self::read(cx, names).await?;
        let lacking = names.iter().filter(|(team, name)| {
            let folded = tags.folded.get(name).cloned().unwrap_or_default();
            !tags.known.contains_key(&(*team, folded))
        });
        let lacking: BTreeSet<TeamId> = lacking.map(|(team, _)| *team).collect();
        if lacking.is_empty() {
            return Ok(tags);
        }
        let lacking: Vec<String> = lacking.iter().map(ToString::to_string).collect();
        sqlx::query!(
            "select pg_advisory_xact_lock($1, hashtext(team)) from unnest($2::text[]) as t (team)",
            TAG_LOCK,
            &lacking,
        )
        .fetch_all(cx.db())
        .await?;
        Self::read(cx, names).await
    }

    async fn read(
        cx: &mut Changing<'_>,
        names: &BTreeSet<(TeamId, String)>,
    ) -> Result<Self, StoreError> {
        let mut tags = Self::default();
        if names.is_empty() {
            return Ok(tags);
        }
        let teams: Vec<Uuid> = names.iter().map(|(team, _)| team.0).collect();
        let texts: Vec<String> = names.iter().map(|(_, name)| name.clone()).collect();
        let rows = sqlx::query!(
            r#"
            select w.team_id as "team_id!", w.name as "name!", lower(w.name) as "folded!",
                   g.id as "id?", g.name as "tag?"
            from unnest($1::uuid[], $2::text[]) as w (team_id, name)
            left join app.tag g on g.team_id = w.team_id and lower(g.name) = lower(w.name)
            "#,
            &teams,
            &texts,
        )
        .fetch_all(cx.db())
        .await?;
        for row in rows {
            if let Some((id, name)) = row.id.zip(row.tag) {
                let tag = TaskTag {
                    id: TagId(id),
                    name,
                };
                let key = (TeamId(row.team_id), row.folded.clone());
                tags.known.insert(key, tag);
            }
            tags.folded.insert(row.name, row.folded);
        }
        Ok(tags)
    }

    /// The team's tag of this name, if it has one.
    pub(crate) fn find(&self, team: TeamId, name: &TagName) -> Option<&TaskTag> {
        let folded = self.folded.get(name.as_str())?;
        self.known.get(&(team, folded.clone()))
    }

    /// The tags of these names, each once. New ones are added to `made`, to be written with [`insert`].
    pub(crate) fn find_or_make(
        &mut self,
        cx: &Changing<'_>,
        team: TeamId,
        names: &[TagName],
        made: &mut Vec<TagState>,
    ) -> Vec<TaskTag> {
        let mut found: Vec<TaskTag> = Vec::with_capacity(names.len());
        for name in names {
            let tag = match self.find(team, name) {
                Some(tag) => tag.clone(),
                None => self.make(cx, team, name, made),
            };
            if !found.contains(&tag) {
                found.push(tag);
            }
        }
        found
    }

    fn make(
        &mut self,
        cx: &Changing<'_>,
        team: TeamId,
        name: &TagName,
        made: &mut Vec<TagState>,
    ) -> TaskTag {
        let state = TagState {
            id: cx.id(),
            team_id: team,
            name: name.to_string(),
            color: tag::DEFAULT.to_owned(),
            created_at: cx.now,
            updated_at: cx.now,
            version: 1,
        };
        let tag = TaskTag {
            id: state.id,
            name: state.name.clone(),
        };
        let folded = self.folded.get(name.as_str()).cloned().unwrap_or_default();
        self.known.insert((team, folded), tag.clone());
        made.push(state);
        tag
    }
}

/// What is to be said of a new tag.
pub(crate) fn created(tag: &TagState) -> TagEvent {
    TagEvent::Created(TagAlone { tag: tag.clone() })
}

/// Writes new tags.
pub(crate) async fn insert(cx: &mut Changing<'_>, made: &[TagState]) -> Result<(), StoreError> {
    if made.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = made.iter().map(|tag| tag.id.0).collect();
    let teams: Vec<Uuid> = made.iter().map(|tag| tag.team_id.0).collect();
    let names: Vec<String> = made.iter().map(|tag| tag.name.clone()).collect();
    let written = sqlx::query!(
        "insert into app.tag (id, team_id, name, color, created_at, updated_at)
         select id, team_id, name, $4, $5, $5 from unnest($1::uuid[], $2::uuid[], $3::text[]) as t (id, team_id, name)
         on conflict do nothing",
        &ids,
        &teams,
        &names,
        tag::DEFAULT,
        cx.now,
    )
    .execute(cx.db())
    .await?
    .rows_affected();
    if written == u64::try_from(made.len()).unwrap_or(0) {
        Ok(())
    } else {
        // By itself a tag is made without the lock, at any time.
        Err(StoreError::Conflict("a tag was made meanwhile".into()))
    }
}
