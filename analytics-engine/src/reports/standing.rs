//! How tasks stand now.

use super::{OPEN, Question, moment};
use crate::error::LakeError;
use crate::session::Session;
use serde::{Deserialize, Serialize};

/// What is the case now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Tasks that are to be done.
    pub open: u64,
    /// Of them, those that are in progress.
    pub in_progress: u64,
    /// Of them, those that are blocked.
    pub blocked: u64,
    /// Of them, those that were due before now.
    pub overdue: u64,
    /// Of them, those that are due today, before now or after.
    pub due_today: u64,
    /// Of them, those that nobody works on.
    pub unassigned: u64,
}

impl Standing {
    pub(super) async fn of(session: &Session, question: &Question) -> Result<Self, LakeError> {
        let days = question.days();
        let (now, scope) = (moment(question.now), question.scope.condition());
        let (today, tomorrow) = (moment(days.last_begins()), moment(days.end()));
        let sql = format!(
            "select count(*) as open,
                count(*) filter (where status = 'in_progress') as in_progress,
                count(*) filter (where status = 'blocked') as blocked,
                count(*) filter (where due_at < {now}) as overdue,
                count(*) filter (where due_at >= {today} and due_at < {tomorrow}) as due_today,
                count(*) filter (where cardinality(assignees) = 0) as unassigned
             from tasks where {OPEN} and {scope}"
        );
        session.row(&sql).await
    }
}
