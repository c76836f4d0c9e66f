//! Artefacts: files that were made for somebody and are kept for a while. Today those are the files of reports.

use crate::job::JobArgs;
use crate::report::EXPIRED_REMEMBERED;
use crate::{Store, StoreError};
use serde::{Deserialize, Serialize};

/// Files that one look removes: each may be 64 MiB of pieces.
const EXPIRED_PER_LOOK: i64 = 20;

/// Removes artefacts whose time is over.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpireArtefacts {}

impl JobArgs for ExpireArtefacts {
    const KIND: &'static str = "expire_artefacts";
}

impl Store {
    /// Removes some of the files whose time is over; how many, 0 when there are no more. That they were there is remembered.
    pub async fn expire_files(&self) -> Result<u64, StoreError> {
        let removed = sqlx::query_scalar!(
            r#"with over as (
                   select r.id from jobs.report r
                   where r.expires_at <= $1 and exists (select from jobs.report_piece p where p.report_id = r.id)
                   order by r.expires_at limit $2
               ), removed as (
                   delete from jobs.report_piece p using over where p.report_id = over.id returning p.report_id
               )
               select count(distinct report_id) as "files!" from removed"#,
            self.clock.now(),
            EXPIRED_PER_LOOK,
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(u64::try_from(removed).unwrap_or(0))
    }

    /// Forgets reports whose file was removed long ago.
    pub async fn forget_expired_reports(&self) -> Result<u64, StoreError> {
        let done = sqlx::query!(
            "delete from jobs.report where expires_at <= $1",
            self.clock.now() - EXPIRED_REMEMBERED,
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }
}
