//! What happens to a statement in SQL: its turn, its answer from here or from the service, and that it was asked, for the
//! audit.
//!
//! *Invariant:* nobody is given rows without a record of who asked for them. A service writes nothing: `web`, through which
//! everybody comes, counts and records for it.

use super::sql::{SqlAnswer, SqlColumn, SqlMeta, SqlTable};
use super::{VIEW, asker, engine, refused as lake_refused};
use crate::auth::{Caller, Trust};
use crate::error::ApiError;
use crate::middleware::rate::{self, Turn};
use crate::position::WaitFor;
use crate::problem::Code;
use crate::request::RequestContext;
use crate::state::AppState;
use crate::view::seen;
use axum::http::HeaderMap;
use millstream_analytics_engine::sql::{SQL_BYTES_MAX, SqlError};
use millstream_event_log::events::StatementEvent;
use millstream_event_log::events::statement::{AnsweredStatement, RefusedStatement};
use millstream_store::statement::RecordStatement;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// A statement, as somebody asks it.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    /// Most rows of the answer.
    pub(crate) limit: usize,
    pub(crate) wait: WaitFor,
}

/// A statement that was answered.
pub(crate) struct Ran {
    pub(crate) answer: SqlAnswer,
    /// How far the lake is.
    pub(crate) place: HeaderMap,
    /// What is left of the quota.
    pub(crate) quota: HeaderMap,
    /// What has to be written before anybody is told the answer; nothing in a service.
    pub(crate) record: Option<RecordStatement>,
}

impl Statement {
    /// Runs it as the caller, when they may run one more.
    pub(crate) async fn run(&self, app: &AppState, caller: &Caller) -> Result<Ran, ApiError> {
        if let Trust::Told(_) = app.trust() {
            let (answer, place) = self.answered(app, caller).await?;
            let quota = HeaderMap::new();
            return Ok(Ran {
                answer,
                place,
                quota,
                record: None,
            });
        }
        let turn = rate::of_statement(app, caller).await?;
        let begun = Instant::now();
        let answered = self.answered(app, caller).await;
        let taken = begun.elapsed();
        measure(&answered, taken);
        match answered {
            Ok((answer, place)) => Ok(self.ran(caller, answer, place, &turn)),
            Err(error) => {
                if let Some(record) = self.refused(caller, &error, taken) {
                    app.store().write(&caller.origin, record).await?;
                }
                Err(turn.told_with(error))
            }
        }
    }

    async fn answered(
        &self,
        app: &AppState,
        caller: &Caller,
    ) -> Result<(SqlAnswer, HeaderMap), ApiError> {
        if let Some(service) = &app.services().analytics {
            let question = json!({ "sql": self.sql, "limit": self.limit });
            let path = "/api/v1/analytics/sql";
            return service
                .answer(app, caller, path, &question, self.wait)
                .await;
        }
        let seen = seen(app, self.wait, VIEW).await?;
        let begun = Instant::now();
        let asker = asker(caller);
        let answer = engine(app)?.sql(&asker, &self.sql, self.limit).await;
        let answer = answer.map_err(refused)?;
        let columns = answer.columns.into_iter().map(SqlColumn::from).collect();
        let told = SqlAnswer {
            meta: SqlMeta {
                request_id: RequestContext::current().id.clone(),
                row_count: answer.rows.len(),
                truncated: answer.truncated,
                took_ms: millis(begun.elapsed()),
            },
            data: SqlTable {
                columns,
                rows: answer.rows,
            },
        };
        Ok((told, seen.headers()))
    }

    fn ran(&self, caller: &Caller, answer: SqlAnswer, place: HeaderMap, turn: &Turn) -> Ran {
        let event = StatementEvent::Answered(AnsweredStatement {
            user_id: caller.id,
            sql: self.recorded(),
            rows: answer.data.rows.len() as u64,
            truncated: answer.meta.truncated,
            took_ms: answer.meta.took_ms,
        });
        Ran {
            answer,
            place,
            quota: turn.headers(),
            record: Some(RecordStatement(event)),
        }
    }

    /// The statement for the record: no longer than one that is run, and without what no database keeps in a text.
    fn recorded(&self) -> String {
        let end = self.sql.floor_char_boundary(SQL_BYTES_MAX);
        self.sql[..end].replace('\0', "\u{fffd}")
    }

    /// What is told of one that was not answered because of what it is. That there was no room for it says nothing of anybody.
    fn refused(
        &self,
        caller: &Caller,
        error: &ApiError,
        taken: Duration,
    ) -> Option<RecordStatement> {
        let is_its_own_fault = matches!(error.code, Code::SqlRefused | Code::SqlLimit);
        is_its_own_fault.then(|| {
            RecordStatement(StatementEvent::Refused(RefusedStatement {
                user_id: caller.id,
                sql: self.recorded(),
                code: error.code.as_str().to_owned(),
                took_ms: millis(taken),
            }))
        })
    }
}

fn measure<T>(answered: &Result<T, ApiError>, taken: Duration) {
    let outcome = match answered.as_ref().map_err(|error| error.code) {
        Ok(_) => "answered",
        Err(Code::SqlRefused) => "refused",
        Err(Code::SqlLimit) => "limit",
        Err(_) => "unavailable",
    };
    metrics::counter!("millstream_sql_statements_total", "outcome" => outcome).increment(1);
    metrics::histogram!("millstream_sql_statement_seconds", "outcome" => outcome)
        .record(taken.as_secs_f64());
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
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
