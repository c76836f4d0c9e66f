//! Statements in SQL that people had answered: who asked what of the data as a whole, and what came of it. What it found
//! stands in no event.

use super::events;
use crate::topic::Topic;
use millstream_domain::ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A statement that found something, if only nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredStatement {
    /// Who asked.
    pub user_id: UserId,
    /// The statement, as it was written.
    pub sql: String,
    /// Rows of the answer.
    pub rows: u64,
    /// Whether there were more.
    pub truncated: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// A statement that was not answered, for a reason of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedStatement {
    /// Who asked.
    pub user_id: UserId,
    /// The statement, as it was written.
    pub sql: String,
    /// Why, in a word of the API: `sql_refused` or `sql_limit`. The sentence that they were told may quote what they see.
    pub code: String,
    /// How long it took to find out, in milliseconds.
    pub took_ms: u64,
}

events! {
    /// What became of a statement.
    StatementEvent ("statement", Topic::AnalyticsEvents, version 1) {
        /// It was answered.
        Answered(AnsweredStatement) = "statement.answered",
        /// It is not one that may be run, or took more than it may.
        Refused(RefusedStatement) = "statement.refused",
    }
    key(event) event.user_id().0;
    subject(event) format!("user/{}/statements", event.user_id());
    samples samples();
}

impl StatementEvent {
    /// Who asked.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::Answered(answered) => answered.user_id,
            Self::Refused(refused) => refused.user_id,
        }
    }
}

fn samples() -> Vec<StatementEvent> {
    let user_id = UserId(Uuid::from_u128(0x40));
    vec![
        StatementEvent::Answered(AnsweredStatement {
            user_id,
            sql: "select status, count(*) from tasks group by status".into(),
            rows: 4,
            truncated: false,
            took_ms: 87,
        }),
        StatementEvent::Refused(RefusedStatement {
            user_id,
            sql: "drop table tasks".into(),
            code: "sql_refused".into(),
            took_ms: 41,
        }),
    ]
}
