//! `GET /audit`

use super::VIEW;
use crate::answer::{Answer, Many};
use crate::api::ActorBody;
use crate::api::schema::{self, Problems};
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{bounded, id, time};
use crate::position::WaitFor;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use millstream_domain::ids::UserId;
use millstream_store::PageRequest;
use millstream_store::views::audit::{AuditEntry, AuditFilter};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most characters of an action's or an entity's name in a filter: ours stay far below.
pub(crate) const WORD_CHARACTERS_MAX: usize = 64;

/// An entry of the audit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditBody {
    /// Its place, from 0: the leaf of the Merkle tree.
    index: i64,
    /// The record that it tells of.
    seq: i64,
    at: DateTime<Utc>,
    /// Who acted, as they are called now.
    actor: Option<ActorBody>,
    /// `session`, `token`, `api_token`, `system` or `import`.
    via: String,
    #[schema(example = "task.created")]
    action: String,
    #[schema(example = "task")]
    entity: String,
    entity_id: Option<Uuid>,
    /// What it was called then.
    #[schema(example = "ENG-42")]
    entity_name: Option<String>,
    /// For admins only.
    ip: Option<String>,
    /// For admins only.
    user_agent: Option<String>,
    request_id: Option<String>,
    #[schema(schema_with = schema::any)]
    before: Option<Box<RawValue>>,
    #[schema(schema_with = schema::any)]
    after: Option<Box<RawValue>>,
    /// `accepted`, `refused` or `failed`.
    outcome: String,
    reason: Option<String>,
    /// SHA-256 (RFC 6962), in base64.
    leaf_hash: String,
    created_at: DateTime<Utc>,
}

impl From<AuditEntry> for AuditBody {
    fn from(entry: AuditEntry) -> Self {
        Self {
            index: entry.index,
            seq: entry.seq,
            at: entry.at,
            actor: actor(entry.actor, entry.actor_username, entry.actor_display_name),
            via: entry.via,
            action: entry.action,
            entity: entry.entity,
            entity_id: entry.entity_id,
            entity_name: entry.entity_name,
            ip: entry.ip,
            user_agent: entry.user_agent,
            request_id: entry.request_id,
            before: json(entry.before),
            after: json(entry.after),
            outcome: entry.outcome,
            reason: entry.reason,
            leaf_hash: STANDARD.encode(entry.leaf_hash),
            created_at: entry.at,
        }
    }
}

/// Somebody whose account is gone keeps their id.
fn actor(
    id: Option<Uuid>,
    username: Option<String>,
    display_name: Option<String>,
) -> Option<ActorBody> {
    Some(ActorBody {
        id: UserId(id?),
        username: username.unwrap_or_default(),
        display_name: display_name.unwrap_or_default(),
    })
}

/// As it was hashed. What somebody tampered with until it was no JSON any more is shown as the text it is.
fn json(text: Option<String>) -> Option<Box<RawValue>> {
    let text = text?;
    RawValue::from_string(text.clone())
        .or_else(|_| serde_json::value::to_raw_value(&text))
        .ok()
}

#[utoipa::path(
    get, path = "/audit", tag = "audit",
    summary = "Who did what, when, from where",
    description = "Newest first. Admins may ask for anything; others for the audit of a task that they see \
                   (`entity=task&entity_id=…`), without addresses. A view: it answers how far it is.",
    params(
        WaitFor,
        ("actor" = Option<String>, Query, description = "By whom; `me` for yourself"),
        ("action" = Option<String>, Query, description = "What was done, such as `task.created`"),
        ("entity" = Option<String>, Query, description = "To which kind of thing, such as `task`"),
        ("entity_id" = Option<Uuid>, Query, description = "To which thing"),
        ("from" = Option<DateTime<Utc>>, Query, description = "At this time or after"),
        ("to" = Option<DateTime<Utc>>, Query, description = "Before this time"),
        ("q" = Option<String>, Query, description = "A part of name, reason, address, agent or request id"),
        ("limit" = Option<u32>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`meta.next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of entries", body = Many<AuditBody>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn list_audit(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    params: Params,
) -> Result<Answer, ApiError> {
    let (filter, page) = read(&caller, params)?;
    let seen = seen(&app, wait, VIEW).await?;
    let entries = app.store().audit(&caller.actor, &filter, &page).await?;
    Ok(Answer::page(entries.map(AuditBody::from)).of_view(seen))
}

fn read(caller: &Caller, mut params: Params) -> Result<(AuditFilter, PageRequest), ApiError> {
    let filter = read_filter(caller, &mut params);
    let page = params.page();
    params.finish(|| Some((filter, page)))
}

/// Which entries are asked for. What is wrong is told when the parameters are finished.
pub(super) fn read_filter(caller: &Caller, params: &mut Params) -> AuditFilter {
    let user = |text: &str| {
        if text == "me" {
            Ok(caller.id.0)
        } else {
            id::<UserId>(text).map(|id| id.0)
        }
    };
    AuditFilter {
        actor: params.one("actor", user),
        action: params.one("action", |text| bounded(text, WORD_CHARACTERS_MAX)),
        entity: params.one("entity", |text| bounded(text, WORD_CHARACTERS_MAX)),
        entity_id: params.one("entity_id", id),
        from: params.one("from", time),
        to: params.one("to", time),
        q: params.q(),
    }
}
