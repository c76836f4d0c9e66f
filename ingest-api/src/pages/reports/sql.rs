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
    /// The line that is wrong, and below it a sign where.
    place: Option<String>,
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
            place: None,
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
    let error = match found {
        Ok(answer) => {
            page.found = Some(Found {
                table: answer.data,
                truncated: answer.meta.truncated,
                took_ms: answer.meta.took_ms,
            });
            return crate::pages::render(&page);
        }
        Err(error) if is_the_writers(error.code) => error,
        Err(error) => return Err(error),
    };
    page.place = place(&page.statement, &error.detail);
    page.wrong = Some(error.detail.clone());
    let mut response = crate::pages::render(&page)?;
    *response.status_mut() = error.code.status();
    response.headers_mut().extend(error.headers());
    Ok(response)
}

fn statement(mut params: Params) -> Result<String, ApiError> {
    let statement = params.one("sql", |text| Ok(text.to_owned()));
    params.finish(|| Some(statement.unwrap_or_default()))
}

/// The line of the statement that a message points at, and a sign below the place.
fn place(statement: &str, message: &str) -> Option<String> {
    let message = message.to_lowercase();
    let place = message.match_indices("line").find_map(|(at, word)| {
        let (line, rest) = number(&message[at + word.len()..])?;
        let (column, _) = number(rest.strip_prefix(", column")?)?;
        Some((line.checked_sub(1)?, column.checked_sub(1)?))
    });
    let (line, column) = place?;
    let line = statement.lines().nth(line)?;
    // What is wide, such as a tab, is as wide above the sign.
    let before = line.chars().take(column);
    let before = before.map(|c| if c == '\t' { c } else { ' ' });
    Some(format!("{line}\n{}^", before.collect::<String>()))
}

/// The number at the start of a text, behind a colon or not, and what follows it.
fn number(text: &str) -> Option<(usize, &str)> {
    let text = text.trim_start_matches([':', ' ']);
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    Some((digits.parse().ok()?, rest))
}

/// What is told beside the field, because another statement, or the same a little later, mends it.
fn is_the_writers(code: Code) -> bool {
    matches!(
        code,
        Code::SqlRefused
            | Code::SqlLimit
            | Code::ValidationFailed
            | Code::RateLimited
            | Code::Unavailable
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_names_a_place_points_at_it() {
        let sql = "select a,\n\tb from )\nwhere 1";
        let parser = "sql parser error: Expected: identifier, found: ) at Line: 2, Column: 9";
        assert_eq!(
            place(sql, parser).as_deref(),
            Some("\tb from )\n\t       ^")
        );
        let planner = "No field named a at line 1, column 8. Valid fields are the_column, line";
        assert_eq!(place(sql, planner).as_deref(), Some("select a,\n       ^"));
        for elsewhere in [
            "the statement needs more memory",
            "at line 9, column 1",
            "column a",
            "at line 0, column 0",
        ] {
            assert_eq!(place(sql, elsewhere), None, "{elsewhere}");
        }
    }
}
