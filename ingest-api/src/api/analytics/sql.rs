//! `POST /analytics/sql`

use super::{VIEW, engine, refused as lake_refused};
use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{text, whole};
use crate::extract::{JsonBody, NoParams};
use crate::position::WaitFor;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use crate::view::seen;
use axum::extract::State;
use millstream_analytics_engine::session::Asker;
use millstream_analytics_engine::sql::{self, ROWS_DEFAULT, ROWS_MAX, SqlError};
use millstream_domain::field::{FieldCode, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use utoipa::ToSchema;

/// A statement.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct SqlQuestion {
    /// One query; at most 32 KiB.
    #[schema(
        min_length = 1,
        example = "select status, count(*) from tasks group by status"
    )]
    sql: String,
    /// Most rows of the answer.
    #[schema(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<usize>,
}

/// The envelope of an answer to a statement.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SqlAnswer {
    pub(crate) data: SqlTable,
    pub(crate) meta: SqlMeta,
}

/// What a statement has found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SqlTable {
    pub(crate) columns: Vec<SqlColumn>,
    /// Values in the order of the columns.
    pub(crate) rows: Vec<Vec<Value>>,
}

/// A column of an answer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SqlColumn {
    pub(crate) name: String,
    /// `text`, `integer`, `number`, `boolean`, `timestamp`, `date`, `list`, or a type of Arrow.
    #[serde(rename = "type")]
    #[schema(example = "integer")]
    pub(crate) kind: String,
}

/// About an answer to a statement.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SqlMeta {
    request_id: String,
    row_count: usize,
    /// Whether there are more rows, or longer ones, than an answer may have.
    pub(crate) truncated: bool,
    pub(crate) took_ms: u64,
}

#[utoipa::path(
    post, path = "/analytics/sql", tag = "analytics",
    summary = "Ask the lake in SQL",
    description = "One query over the tables of `docs/LAKE.md`, of which everybody sees the rows of their own teams. It only reads: anything else is `sql_refused`. What takes more time or memory than it may is `sql_limit`, and says which. An answer has at most `limit` rows and 4 MiB; `truncated` says whether there is more. A view: it answers how far it is.",
    params(WaitFor),
    request_body = SqlQuestion,
    responses((status = 200, description = "The rows", body = SqlAnswer), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn ask_sql(
    State(app): State<AppState>,
    caller: Caller,
    wait: WaitFor,
    _: NoParams,
    JsonBody(mut fields): JsonBody,
) -> Result<Answer, ApiError> {
    let statement = fields.required("sql", text(statement));
    let limit = fields.optional("limit", limit);
    let statement = fields.finish(|| statement)?;
    let seen = seen(&app, wait, VIEW).await?;
    let answer = find(&app, &caller, &statement, limit.unwrap_or(ROWS_DEFAULT)).await?;
    Ok(Answer::enveloped(&answer).of_view(seen))
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    statement: &str,
    limit: usize,
) -> Result<SqlAnswer, ApiError> {
    if let Some(service) = &app.services().analytics {
        let question = json!({ "sql": statement, "limit": limit });
        return service
            .answer(app, caller, "/api/v1/analytics/sql", &question)
            .await;
    }
    let asker = Asker {
        id: caller.id,
        visible: caller.actor.visible_teams(),
    };
    let begun = Instant::now();
    let answer = engine(app)?.sql(&asker, statement, limit).await;
    let answer = answer.map_err(refused)?;
    let columns = answer.columns.into_iter().map(SqlColumn::from).collect();
    Ok(SqlAnswer {
        meta: SqlMeta {
            request_id: RequestContext::current().id.clone(),
            row_count: answer.rows.len(),
            truncated: answer.truncated,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        },
        data: SqlTable {
            columns,
            rows: answer.rows,
        },
    })
}

impl From<sql::Column> for SqlColumn {
    fn from(column: sql::Column) -> Self {
        Self {
            name: column.name,
            kind: column.kind,
        }
    }
}

fn statement(text: &str) -> Result<String, Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::new(FieldCode::TooShort, "must not be empty"));
    }
    Ok(text.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "all readers have one form")]
fn limit(value: Value) -> Result<usize, Invalid> {
    let limit = usize::try_from(whole(&value)?).ok();
    let limit = limit.filter(|limit| (1..=ROWS_MAX).contains(limit));
    limit.ok_or_else(|| {
        let text = format!("must be a whole number from 1 to {ROWS_MAX}");
        Invalid::new(FieldCode::OutOfRange, text)
    })
}

fn refused(error: SqlError) -> ApiError {
    match error {
        SqlError::Refused(why) => ApiError::new(Code::SqlRefused, why),
        SqlError::Limit(why) => ApiError::new(Code::SqlLimit, why),
        SqlError::Busy => ApiError::unavailable(format!("{error}: try again in a moment")),
        SqlError::NotHere => ApiError::unavailable("this server answers no SQL"),
        SqlError::Lake(error) => lake_refused(error),
        SqlError::Failed(_) => {
            ApiError::unavailable("the statement could not be answered just now").because(error)
        }
    }
}
