//! `POST /analytics/sql`

use super::statement::Statement;
use crate::answer::Answer;
use crate::api::schema::Problems;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::extract::value::{text, whole};
use crate::extract::{JsonBody, NoParams};
use crate::idempotency;
use crate::position::WaitFor;
use crate::state::AppState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use millstream_analytics_engine::sql::{self, ROWS_DEFAULT, ROWS_MAX};
use millstream_domain::field::{FieldCode, Invalid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    pub(crate) request_id: String,
    pub(crate) row_count: usize,
    /// Whether there are more rows, or longer ones, than an answer may have.
    pub(crate) truncated: bool,
    pub(crate) took_ms: u64,
}

#[utoipa::path(
    post, path = "/analytics/sql", tag = "analytics",
    summary = "Ask the lake in SQL",
    description = "One query over the tables of `docs/LAKE.md`, of which everybody sees the rows of their own teams. It only reads: anything else is `sql_refused`. What takes more time or memory than it may is `sql_limit`, and says which. An answer has at most `limit` rows and 4 MiB; `truncated` says whether there is more. A view: it answers how far it is. Whoever may read may ask, API tokens that only read too. A person may ask 30 a minute, one at a time; the audit knows who asked what.",
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
) -> Result<Response, ApiError> {
    let sql = fields.required("sql", text(statement));
    let limit = fields.optional("limit", limit);
    let statement = fields.finish(|| {
        Some(Statement {
            sql: sql?,
            limit: limit.unwrap_or(ROWS_DEFAULT),
            wait,
        })
    })?;
    let ran = statement.run(&app, &caller).await?;
    let answer = Answer::enveloped(&ran.answer).with_headers(ran.place);
    let mut response = match ran.record {
        Some(record) => idempotency::found(&app, &caller, record, answer).await?,
        None => answer.into_response(),
    };
    response.headers_mut().extend(ran.quota);
    Ok(response)
}

/// The same for a page.
pub(crate) async fn find(
    app: &AppState,
    caller: &Caller,
    sql: &str,
    limit: usize,
) -> Result<SqlAnswer, ApiError> {
    let statement = Statement {
        sql: sql.to_owned(),
        limit,
        wait: WaitFor::default(),
    };
    let ran = statement.run(app, caller).await?;
    if let Some(record) = ran.record {
        app.store().write(&caller.origin, record).await?;
    }
    Ok(ran.answer)
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
