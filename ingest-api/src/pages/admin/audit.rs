//! The audit: what was done, by whom, from where, and how it was before.

use super::entry::Verdict;
use super::filter::TypedFilter;
use crate::api::audit::export::file;
use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_CHARACTERS_MAX, bounded};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::texts::ENGLISH;
use crate::pages::viewer::Viewer;
use crate::position::WaitFor;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::audit::ENTITIES;
use millstream_domain::policy::Action;
use millstream_store::views::audit::AuditEntry;
use millstream_store::{Page, PageRequest};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// Most characters of a value that are shown; the whole is in the API.
const VALUE_CHARS: usize = 160;

#[derive(Template)]
#[template(path = "pages/admin_audit.html")]
struct AuditPage {
    shell: Shell,
    typed: TypedFilter,
    rows: Vec<EntryRow>,
    checkpoint: Option<String>,
    /// Whether the stored entries are the ones that were signed.
    verdict: Option<Verdict>,
    next: Option<String>,
}

/// An entry, ready to be shown.
pub(super) struct EntryRow {
    pub(super) index: i64,
    pub(super) at: Moment,
    pub(super) who: String,
    pub(super) via: String,
    pub(super) ip: String,
    pub(super) user_agent: String,
    pub(super) request_id: String,
    pub(super) action: String,
    pub(super) entity: String,
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) changes: Vec<ChangeRow>,
    pub(super) leaf_hash: String,
}

/// A field that is not the same before and after.
pub(super) struct ChangeRow {
    pub(super) field: String,
    pub(super) from: String,
    pub(super) to: String,
}

impl EntryRow {
    pub(super) fn of(entry: AuditEntry, shell: &Shell) -> Self {
        let changes = changes(entry.before.as_deref(), entry.after.as_deref());
        Self {
            index: entry.index,
            at: Moment::of(entry.at, shell.now, shell.zone),
            who: entry.actor_display_name.unwrap_or_else(|| {
                if entry.actor.is_none() {
                    "Millstream"
                } else {
                    "?"
                }
                .into()
            }),
            via: entry.via,
            ip: entry.ip.unwrap_or_default(),
            user_agent: entry.user_agent.unwrap_or_default(),
            request_id: entry.request_id.unwrap_or_default(),
            action: entry.action,
            entity: entry.entity_name.unwrap_or(entry.entity),
            outcome: entry.outcome,
            reason: entry.reason,
            changes,
            leaf_hash: hex(&entry.leaf_hash),
        }
    }
}

/// A hash, as people compare them.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Member by member, what is not the same before and after.
fn changes(before: Option<&str>, after: Option<&str>) -> Vec<ChangeRow> {
    let read = |text: Option<&str>| -> Map<String, Value> {
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    };
    let (before, after) = (read(before), read(after));
    let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    fields
        .into_iter()
        .filter(|field| before.get(*field) != after.get(*field))
        .map(|field| ChangeRow {
            field: field.clone(),
            from: shown(before.get(field)),
            to: shown(after.get(field)),
        })
        .collect()
}

fn shown(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    text.chars().take(VALUE_CHARS).chain(['…']).collect()
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    wait: WaitFor,
    mut params: Params,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::ReadAudit)?;
    let typed = TypedFilter::take(&mut params);
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    // A view that is far behind is shown as it is.
    let _ = wait.view(&app, "audit").await;
    let actor = viewer.caller.actor.clone();
    let entries = match typed.read(&app, &viewer).await? {
        Some(filter) => app.store().audit(&actor, &filter, &page).await?,
        None => Page {
            items: Vec::new(),
            next_cursor: None,
        },
    };
    let checkpoint = app.checkpoints().latest().await;
    let checkpoint = checkpoint.map_err(ApiError::internal)?;
    let verdict = match &checkpoint {
        Some(note) => Some(Verdict::of_tree(&app, note).await?),
        None => None,
    };
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let page = AuditPage {
        rows: entries
            .items
            .into_iter()
            .map(|entry| EntryRow::of(entry, &shell))
            .collect(),
        next: entries.next_cursor.map(|cursor| {
            let cursor = utf8_percent_encode(&cursor, NON_ALPHANUMERIC);
            format!("/admin/audit?{}&cursor={cursor}", typed.query())
        }),
        checkpoint,
        verdict,
        typed,
        shell,
    };
    super::super::render(&page)
}

/// The same entries as a file.
pub(crate) async fn export(
    State(app): State<AppState>,
    viewer: Viewer,
    mut params: Params,
) -> Result<Response, ApiError> {
    viewer.caller.may(Action::ReadAudit)?;
    let typed = TypedFilter::take(&mut params);
    params.finish(|| Some(()))?;
    let filter = typed.read(&app, &viewer).await?;
    let filter = filter.ok_or_else(|| ApiError::bad_request(ENGLISH.audit_nobody))?;
    file(&app, &viewer.caller.actor, filter).await
}
