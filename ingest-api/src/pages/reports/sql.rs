//! `/analytics/sql`: a query, and what it has found. Answered with the page itself, so that it works without script and what was
//! typed stays; nothing is changed by it.

use crate::api::analytics::sql::{SqlTable, find};
use crate::error::ApiError;
use crate::extract::{NoParams, Params};
use crate::pages::form::PageForm;
use crate::pages::reports::still;
use crate::pages::shell::Shell;
use crate::pages::viewer::Viewer;
use crate::problem::Code;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use millstream_analytics_engine::Table;
use millstream_analytics_engine::sql::{Column, columns};
use serde_json::Value;

/// Rows that are shown: more than anybody reads on a page.
const ROWS_SHOWN: usize = 200;
/// What stands in the field before anything is typed.
const EXAMPLE: &str = "select status, count(*) as tasks\nfrom tasks\ngroup by status";

#[derive(Template)]
#[template(path = "pages/report_sql.html")]
struct SqlPage {
    shell: Shell,
    statement: String,
    wrong: Option<String>,
    found: Option<Found>,
    tables: Vec<(&'static str, Vec<Column>)>,
}

/// What a query has found.
struct Found {
    table: SqlTable,
    truncated: bool,
    took_ms: u64,
}

impl SqlPage {
    fn new(shell: Shell, statement: String) -> Self {
        let tables = Table::ALL.map(|table| (table.name(), columns(table)));
        Self {
            shell,
            statement,
            wrong: None,
            found: None,
            tables: tables.into(),
        }
    }
}

/// A value as text.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "–".to_owned(),
        other => other.to_string(),
    }
}

/// The empty form.
pub(crate) async fn show(
    State(app): State<AppState>,
    viewer: Viewer,
    _: NoParams,
) -> Result<Response, ApiError> {
    let shell = still(&app, viewer).await?;
    crate::pages::render(&SqlPage::new(shell, EXAMPLE.to_owned()))
}

/// The form with what came of it.
pub(crate) async fn ask(
    State(app): State<AppState>,
    PageForm { viewer, params }: PageForm,
) -> Result<Response, ApiError> {
    let statement = statement(params)?;
    let shell = still(&app, viewer).await?;
    let found = find(&app, &shell.viewer.caller, &statement, ROWS_SHOWN).await;
    let mut page = SqlPage::new(shell, statement);
    let status = match found {
        Ok(answer) => {
            page.found = Some(Found {
                table: answer.data,
                truncated: answer.meta.truncated,
                took_ms: answer.meta.took_ms,
            });
            StatusCode::OK
        }
        Err(error) if is_the_writers(error.code) => {
            page.wrong = Some(error.detail);
            error.code.status()
        }
        Err(error) => return Err(error),
    };
    let mut response = crate::pages::render(&page)?;
    *response.status_mut() = status;
    Ok(response)
}

fn statement(mut params: Params) -> Result<String, ApiError> {
    let statement = params.one("sql", |text| Ok(text.to_owned()));
    params.finish(|| Some(statement.unwrap_or_default()))
}

/// What is told beside the field, because another statement, or the same a little later, mends it.
fn is_the_writers(code: Code) -> bool {
    matches!(
        code,
        Code::SqlRefused | Code::SqlLimit | Code::ValidationFailed | Code::Unavailable
    )
}
