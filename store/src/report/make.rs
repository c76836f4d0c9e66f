//! Making a report, as the database sees it: pieces are put under the fence of a try, and the file is there when the row says
//! whose pieces it is. Whoever has lost the job writes in vain.

use super::{PIECE_BYTES_MAX, order_of};
use crate::actor::stored;
use crate::job::JobArgs;
use crate::{Store, StoreError};
use chrono::{DateTime, Utc};
use millstream_domain::ids::{ReportId, UserId};
use millstream_domain::job::Queue;
use millstream_domain::report::{ReportFormat, ReportOrder};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::types::Json;

/// Makes a report: the one that has the job's id.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MakeReport {}

impl JobArgs for MakeReport {
    const KIND: &'static str = "report";
    const QUEUE: Queue = Queue::Heavy;
    // Some hours: a lake that is made anew is waited for.
    const ATTEMPTS_MAX: u16 = 12;
}

/// A report that is to be made.
#[derive(Debug, Clone)]
pub struct ToMake {
    /// Which.
    pub id: ReportId,
    /// About what.
    pub order: ReportOrder,
    /// In which form.
    pub format: ReportFormat,
    /// For whom.
    pub owner: UserId,
    /// When its time is over.
    pub expires_at: DateTime<Utc>,
    /// The size of its file, if an earlier try has made it and could not say so any more.
    pub made_bytes: Option<i64>,
}

/// What a file turned out to be.
#[derive(Debug, Clone, Copy)]
pub struct FileMade {
    /// As of when its numbers are.
    pub as_of: DateTime<Utc>,
    /// Its size.
    pub size_bytes: u64,
}

impl Store {
    /// What is to be made by the job of this id; `None` when the report was deleted.
    pub async fn report_to_make(&self, id: ReportId) -> Result<Option<ToMake>, StoreError> {
        let row = sqlx::query!(
            r#"select kind, params as "params: Json<Value>", format, created_by, expires_at, size_bytes
               from jobs.report where id = $1"#,
            id.0,
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(ToMake {
            id,
            order: order_of(&row.kind, &row.params.0)?,
            format: stored::<ReportFormat>(&row.format),
            owner: UserId(row.created_by),
            expires_at: row.expires_at,
            made_bytes: row.size_bytes,
        }))
    }

    /// Puts a piece of a file, of 1 to [`PIECE_BYTES_MAX`] bytes; `false` when the job is not this try's any more, or the
    /// report was deleted.
    pub async fn put_report_piece(
        &self,
        id: ReportId,
        fence: i64,
        number: i32,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        debug_assert!((1..=PIECE_BYTES_MAX).contains(&bytes.len()));
        let done = sqlx::query!(
            "insert into jobs.report_piece (report_id, fence, number, bytes)
             select r.id, j.fence, $3, $4
             from jobs.job j join jobs.report r on r.id = j.id
             where j.id = $1 and j.fence = $2 and j.state = 'running'
             for key share of r",
            id.0,
            fence,
            number,
            bytes,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Says that the pieces of this try are the file, and removes those of others; `false` as above.
    pub async fn finish_report(
        &self,
        id: ReportId,
        fence: i64,
        made: FileMade,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query!(
            "with held as (
                 select id from jobs.job where id = $1 and fence = $2 and state = 'running' for update
             ), made as (
                 update jobs.report r set as_of = $3, size_bytes = $4, made_by_fence = $2
                 from held where r.id = held.id
                 returning r.id
             ), left_over as (
                 delete from jobs.report_piece p using made where p.report_id = made.id and p.fence <> $2
             )
             select id from made",
            id.0,
            fence,
            made.as_of,
            i64::try_from(made.size_bytes).unwrap_or(i64::MAX),
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(done.is_some())
    }

    /// Removes what earlier tries have left.
    pub async fn clear_report_pieces(&self, id: ReportId, fence: i64) -> Result<(), StoreError> {
        sqlx::query!(
            "delete from jobs.report_piece where report_id = $1 and fence < $2",
            id.0,
            fence,
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
