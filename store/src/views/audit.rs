//! The audit's table: reading it. [`rows`] writes and walks it, [`tree`] makes roots and proofs.
//!
//! *Invariant:* append only. A trigger refuses everything else, and what gets around the trigger is found by
//! `sinks::audit::verify`.

pub mod rows;
pub mod tree;

use crate::{Page, PageRequest, Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::TeamId;
use millstream_domain::policy::{Action, Actor, Target, decide};
use sqlx::PgPool;
use uuid::Uuid;

/// An entry as people read it: who acted is named as they are called now, while they have an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place, from 0.
    pub index: i64,
    /// The record that it tells of.
    pub seq: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who acted.
    pub actor: Option<Uuid>,
    /// What they are called, while they have an account.
    pub actor_username: Option<String>,
    /// How they are shown.
    pub actor_display_name: Option<String>,
    /// By which way.
    pub via: String,
    /// What was done, such as `task.created`.
    pub action: String,
    /// To which kind of thing.
    pub entity: String,
    /// To which thing.
    pub entity_id: Option<Uuid>,
    /// What it was called then.
    pub entity_name: Option<String>,
    /// The client's address; for admins only.
    pub ip: Option<String>,
    /// What the client called itself; for admins only.
    pub user_agent: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The thing before: JSON, as it was hashed.
    pub before: Option<String>,
    /// The thing after: JSON, as it was hashed.
    pub after: Option<String>,
    /// `accepted`, `refused` or `failed`.
    pub outcome: String,
    /// Why it ended so.
    pub reason: Option<String>,
    /// Its leaf of the Merkle tree.
    pub leaf_hash: Vec<u8>,
}

/// Which entries are asked for; an empty filter asks for all.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By whom.
    pub actor: Option<Uuid>,
    /// What was done, exactly.
    pub action: Option<String>,
    /// To which kind of thing.
    pub entity: Option<String>,
    /// To which thing.
    pub entity_id: Option<Uuid>,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
    /// A part of the thing's name, the reason, the address, the agent or the request's id; upper and lower case are one.
    pub q: Option<String>,
}

/// How much of an entry somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// All of it.
    Whole,
    /// All but the client's address and agent: what is done to a task concerns its team, from where does not.
    WithoutOrigin,
}

impl Store {
    /// A page of entries, newest first. Admins may ask for anything, others for the audit of a task that they see.
    pub async fn audit(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let sight = self.audit_sight(actor, filter).await?;
        let before = page.after()?;
        let entries = entries(&self.pool, filter, sight, before, page.rows()).await?;
        Ok(Page::of(entries, page, |entry| entry.index))
    }

    /// One entry, by its index, for admins.
    pub async fn audit_entry(&self, actor: &Actor, index: i64) -> Result<AuditEntry, StoreError> {
        let all = AuditFilter::default();
        let sight = self.audit_sight(actor, &all).await?;
        let found = entries(&self.pool, &all, sight, index.checked_add(1), 1).await?;
        let found = found.into_iter().find(|entry| entry.index == index);
        found.ok_or(StoreError::NotFound)
    }

    /// All entries that the filter lets through, page by page, for those who may ask for them.
    pub async fn audit_export(
        &self,
        actor: &Actor,
        filter: AuditFilter,
    ) -> Result<AuditExport, StoreError> {
        let sight = self.audit_sight(actor, &filter).await?;
        Ok(AuditExport {
            pool: self.pool.clone(),
            filter,
            sight,
            before: None,
            done: false,
        })
    }

    async fn audit_sight(&self, actor: &Actor, filter: &AuditFilter) -> Result<Sight, StoreError> {
        let refusal = match decide(actor, Action::ReadAudit, Target::SYSTEM) {
            Ok(()) => return Ok(Sight::Whole),
            Err(refusal) => refusal,
        };
        let (Some("task"), Some(task)) = (filter.entity.as_deref(), filter.entity_id) else {
            return Err(refusal.into());
        };
        let team = sqlx::query_scalar!("select team_id from app.task where id = $1", task)
            .fetch_optional(&self.pool)
            .await?;
        // A task that is not there answers as one that may not be seen.
        match team.map(|team| decide(actor, Action::ReadTeam, Target::team(TeamId(team)))) {
            Some(Ok(())) => Ok(Sight::WithoutOrigin),
            Some(Err(_)) | None => Err(refusal.into()),
        }
    }
}

/// Entries of one page of an export: bounds what one statement brings, whatever the client's patience. The largest
/// entries have some 160 KiB.
const EXPORT_PAGE: u32 = 200;

/// An export under way: from the newest entry of its beginning to the oldest, so that entries which arrive meanwhile do
/// not lengthen it. Holds no connection between pages.
#[derive(Debug)]
pub struct AuditExport {
    pool: PgPool,
    filter: AuditFilter,
    sight: Sight,
    before: Option<i64>,
    done: bool,
}

impl AuditExport {
    /// The next page; empty at the end.
    pub async fn next(&mut self) -> Result<Vec<AuditEntry>, StoreError> {
        if self.done {
            return Ok(Vec::new());
        }
        let limit = i64::from(EXPORT_PAGE);
        let page = entries(&self.pool, &self.filter, self.sight, self.before, limit).await?;
        self.before = page.last().map(|entry| entry.index);
        self.done = page.len() < EXPORT_PAGE as usize;
        Ok(page)
    }
}

/// Entries below the index `before`, newest first; one statement.
async fn entries(
    pool: &PgPool,
    filter: &AuditFilter,
    sight: Sight,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let entries = sqlx::query_as!(
        AuditEntry,
        r#"
        select a.index as "index!", a.seq as "seq!", a.at as "at!", a.actor, u.username as "actor_username?",
               u.display_name as "actor_display_name?", a.via as "via!", a.action as "action!", a.entity as "entity!",
               a.entity_id, a.entity_name, a.ip, a.user_agent, a.request_id, a.before, a.after,
               a.outcome as "outcome!", a.reason, a.leaf_hash as "leaf_hash!"
        from (
            select index, seq, at, actor, via, action, entity, entity_id, entity_name, request_id, before, after,
                   outcome, reason, leaf_hash,
                   case when $10 then ip end as ip, case when $10 then user_agent end as user_agent
            from app.audit
        ) a
        left join app.user u on u.id = a.actor
        where ($1::bigint is null or a.index < $1)
          and ($2::uuid is null or a.actor = $2)
          and ($3::text is null or a.action = $3)
          and ($4::text is null or a.entity = $4)
          and ($5::uuid is null or a.entity_id = $5)
          and ($6::timestamptz is null or a.at >= $6)
          and ($7::timestamptz is null or a.at < $7)
          -- `strpos`, so that nothing in the words is a pattern.
          and ($8::text is null or strpos(
                lower(concat_ws(E'\n', a.entity_name, a.reason, a.ip, a.user_agent, a.request_id)), lower($8)) > 0)
        order by a.index desc
        limit $9
        "#,
        before,
        filter.actor,
        filter.action,
        filter.entity,
        filter.entity_id,
        filter.from,
        filter.to,
        filter.q,
        limit,
        sight == Sight::Whole,
    )
    .fetch_all(pool)
    .await?;
    Ok(entries)
}
