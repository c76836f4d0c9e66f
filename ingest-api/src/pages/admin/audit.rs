//! The audit: what was done, by whom, from where, and how it was before.

use crate::error::ApiError;
use crate::extract::Params;
use crate::extract::params::{CURSOR_BYTES_MAX, Q_BYTES_MAX, bounded};
use crate::pages::shell::{Section, Shell};
use crate::pages::show::Moment;
use crate::pages::viewer::Viewer;
use crate::position::WaitFor;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::policy::Action;
use millstream_store::PageRequest;
use millstream_store::views::audit::{AuditEntry, AuditFilter};
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
    q: String,
    action: String,
    rows: Vec<EntryRow>,
    checkpoint: Option<String>,
    next: Option<String>,
}

struct EntryRow {
    index: i64,
    at: Moment,
    who: String,
    via: String,
    ip: String,
    action: String,
    entity: String,
    outcome: String,
    reason: Option<String>,
    changes: Vec<ChangeRow>,
    leaf_hash: String,
}

struct ChangeRow {
    field: String,
    from: String,
    to: String,
}

impl EntryRow {
    fn of(entry: AuditEntry, shell: &Shell) -> Self {
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
            action: entry.action,
            entity: entry.entity_name.unwrap_or(entry.entity),
            outcome: entry.outcome,
            reason: entry.reason,
            changes,
            leaf_hash: entry.leaf_hash.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        }
    }
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
    let q = params.q();
    let action = params
        .one("action", |text| bounded(text, Q_BYTES_MAX))
        .filter(|action| !action.trim().is_empty());
    let page = PageRequest {
        cursor: params.one("cursor", |text| bounded(text, CURSOR_BYTES_MAX)),
        ..PageRequest::default()
    };
    params.finish(|| Some(()))?;
    wait.view(&app, "audit").await?;
    let filter = AuditFilter {
        q: q.clone(),
        action: action.clone(),
        ..AuditFilter::default()
    };
    let entries = app
        .store()
        .audit(&viewer.caller.actor, &filter, &page)
        .await?;
    let checkpoint = app.checkpoints().latest().await;
    let shell = Shell::of(&app, viewer, Section::Admin).await?;
    let (q, action) = (q.unwrap_or_default(), action.unwrap_or_default());
    let page = AuditPage {
        rows: entries
            .items
            .into_iter()
            .map(|entry| EntryRow::of(entry, &shell))
            .collect(),
        next: entries.next_cursor.map(|cursor| {
            let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let (q, action) = (encoded(&q), encoded(&action));
            format!(
                "/admin/audit?q={q}&action={action}&cursor={}",
                encoded(&cursor)
            )
        }),
        checkpoint: checkpoint.map_err(ApiError::internal)?,
        q,
        action,
        shell,
    };
    super::super::render(&page)
}
