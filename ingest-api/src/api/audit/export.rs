//! `GET /audit/export`

use super::VIEW;
use super::list::{AuditBody, read_filter};
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::position::WaitFor;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures::stream;
use millstream_domain::cause::in_full;
use millstream_domain::policy::Actor;
use millstream_store::views::audit::{AuditExport, AuditFilter};

#[utoipa::path(
    get, path = "/audit/export", tag = "audit",
    summary = "The audit, as a file",
    description = "All entries that the filter lets through, the newest first, one JSON object on each line; as they stand when \
                   it begins. Whoever may list entries may export them. An answer that breaks off is not the whole: the last \
                   line of the whole audit has index 0.",
    params(
        WaitFor,
        ("actor" = Option<String>, Query, description = "By whom; `me` for yourself"),
        ("action" = Option<String>, Query, description = "What was done, such as `task.created`"),
        ("entity" = Option<String>, Query, description = "To which kind of thing, such as `task`"),
        ("entity_id" = Option<Uuid>, Query, description = "To which thing"),
        ("from" = Option<DateTime<Utc>>, Query, description = "At this time or after"),
        ("to" = Option<DateTime<Utc>>, Query, description = "Before this time"),
        ("q" = Option<String>, Query, description = "A part of name, reason, address, agent or request id"),
    ),
    responses((status = 200, description = "A line for each entry", body = String, content_type = "application/x-ndjson"), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn export_audit(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    mut params: Params,
) -> Result<Response, ApiError> {
    let filter = read_filter(&caller, &mut params);
    params.finish(|| Some(()))?;
    wait.view(&app, VIEW).await?;
    file(&app, &caller.actor, filter).await
}

/// The file, for whoever may have it: written page by page, as fast as it is read.
pub(crate) async fn file(
    app: &AppState,
    actor: &Actor,
    filter: AuditFilter,
) -> Result<Response, ApiError> {
    let export = app.store().audit_export(actor, filter).await?;
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson"),
        (CONTENT_DISPOSITION, "attachment; filename=\"audit.ndjson\""),
        (CACHE_CONTROL, "no-store"),
    ];
    let lines = stream::try_unfold(export, next);
    Ok((headers, Body::from_stream(lines)).into_response())
}

/// The lines of the next page. What goes wrong on the way breaks the answer off, so that nobody takes it for the whole.
async fn next(mut export: AuditExport) -> Result<Option<(Bytes, AuditExport)>, axum::BoxError> {
    let page = export.next().await.inspect_err(|error| {
        tracing::warn!(error = in_full(error), "an export of the audit broke off");
    })?;
    if page.is_empty() {
        return Ok(None);
    }
    let mut lines = Vec::new();
    for entry in page {
        serde_json::to_writer(&mut lines, &AuditBody::from(entry))?;
        lines.push(b'\n');
    }
    Ok(Some((lines.into(), export)))
}
