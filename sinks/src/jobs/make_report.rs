//! Makes the file of a report: asks the lake as its owner, who gets what they see now, and puts the answer into the database piece
//! by piece. Runs where a lake is.
//!
//! A try that is begun again begins the file anew; one that finds it made says so again. What was written before the report was
//! ordered is in it: the lake is waited for.

use super::{Handler, JobContext, JobFault};
use millstream_analytics_engine::export::{ExportError, Wanted};
use millstream_analytics_engine::{Engine, LakeError};
use millstream_domain::ids::ReportId;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::{LogError, Position};
use millstream_store::report::{FILE_BYTES_MAX, FileMade, MakeReport, PIECE_BYTES_MAX, ToMake};
use millstream_store::{Store, StoreError};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long the lake may take to see what was written before; a rebuild takes longer, and is waited for by trying again.
const CATCH_UP_MAX: Duration = Duration::from_secs(30);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long a file may take. The lake keeps files that are no longer part of a table for an hour; those that a report reads have
/// to be among them.
const MAKE_TIME_MAX: Duration = Duration::from_mins(10);

/// Makes reports.
#[derive(Debug, Clone)]
pub struct MakeReportJob {
    store: Store,
    log: PostgresLog,
    engine: Engine,
}

/// Why there is no file, in a sentence for its owner.
#[derive(Debug, thiserror::Error)]
enum NoFile {
    #[error("the report was deleted")]
    Deleted,
    #[error("its time was over before it could be made")]
    Expired,
    #[error(
        "the file has more than {} MiB: ask for one team or one project, or take Parquet, which is smaller",
        FILE_BYTES_MAX >> 20
    )]
    TooLarge,
    #[error("it took longer than {} min: ask for one team or one project", MAKE_TIME_MAX.as_secs() / 60)]
    TooSlow,
    #[error("the lake has not seen yet what was written before")]
    Behind,
    #[error("the log does not answer")]
    Log(#[source] LogError),
    #[error("the database does not answer")]
    Store(#[source] StoreError),
}

impl MakeReportJob {
    /// Out of this lake, which follows this log.
    #[must_use]
    pub fn new(store: Store, log: PostgresLog, engine: Engine) -> Self {
        Self { store, log, engine }
    }

    async fn make(&self, report: &ToMake, job: &JobContext) -> Result<u64, JobFault> {
        let cleared = self.store.clear_report_pieces(report.id, job.fence());
        cleared.await.map_err(unstored)?;
        let seen = timeout(CATCH_UP_MAX, self.caught_up());
        seen.await.map_err(|_| JobFault::retry(NoFile::Behind))??;
        let wanted = Wanted {
            owner: report.owner,
            order: report.order,
            format: report.format,
            now: self.store.clock().now(),
        };
        let mut file = File {
            store: &self.store,
            report: report.id,
            fence: job.fence(),
            held: Vec::new(),
            pieces: 0,
            size_bytes: 0,
        };
        let unmade = |error| unmade(error, job.attempt());
        let mut export = self.engine.export(&wanted).await.map_err(unmade)?;
        while let Some(bytes) = export.next().await.map_err(unmade)? {
            file.write(&bytes).await?;
            job.progress(export.progress());
        }
        let made = FileMade {
            as_of: wanted.now,
            size_bytes: file.end().await?,
        };
        let finished = self.store.finish_report(report.id, job.fence(), made);
        if finished.await.map_err(unstored)? {
            Ok(made.size_bytes)
        } else {
            Err(JobFault::Stopped)
        }
    }

    /// Waits until the lake has seen everything that was committed until now.
    async fn caught_up(&self) -> Result<(), JobFault> {
        let unread = |error| JobFault::retry(NoFile::Log(error));
        let newest = self.log.newest().await.map_err(unread)?;
        let seq = loop {
            let seq = match newest {
                Position::View(seq) => Some(seq),
                Position::Write(id) => self.log.seq_of(id).await.map_err(unread)?,
            };
            match seq {
                Some(seq) => break seq,
                None => sleep(LOOK_EVERY).await,
            }
        };
        while self.engine.lake().cut() < seq {
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

impl Handler for MakeReportJob {
    type Args = MakeReport;

    async fn run(&self, _: MakeReport, job: &JobContext) -> Result<Value, JobFault> {
        let id = ReportId(job.id().0);
        let report = self.store.report_to_make(id).await.map_err(unstored)?;
        let report = report.ok_or_else(|| JobFault::reject(NoFile::Deleted))?;
        if let Some(size_bytes) = report.made_bytes {
            return Ok(told(id, size_bytes));
        }
        if report.expires_at <= self.store.clock().now() {
            return Err(JobFault::reject(NoFile::Expired));
        }
        let made = timeout(MAKE_TIME_MAX, self.make(&report, job));
        let size_bytes = tokio::select! {
            biased;
            () = job.stop().cancelled() => return Err(JobFault::Stopped),
            made = made => made.map_err(|_| JobFault::reject(NoFile::TooSlow))??,
        };
        Ok(told(id, size_bytes))
    }
}

/// What came out.
fn told(id: ReportId, size_bytes: impl Into<Value>) -> Value {
    let url = format!("/api/v1/reports/{id}/download");
    json!({ "report_id": id, "size_bytes": size_bytes.into(), "download_url": url })
}

/// A file on its way into the database.
struct File<'a> {
    store: &'a Store,
    report: ReportId,
    fence: i64,
    /// What is not a whole piece yet.
    held: Vec<u8>,
    pieces: i32,
    size_bytes: u64,
}

impl File<'_> {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), JobFault> {
        self.size_bytes += bytes.len() as u64;
        if self.size_bytes > FILE_BYTES_MAX {
            return Err(JobFault::reject(NoFile::TooLarge));
        }
        self.held.extend_from_slice(bytes);
        while self.held.len() >= PIECE_BYTES_MAX {
            let rest = self.held.split_off(PIECE_BYTES_MAX);
            let piece = std::mem::replace(&mut self.held, rest);
            self.put(&piece).await?;
        }
        Ok(())
    }

    /// Writes the last piece; the size of the whole.
    async fn end(mut self) -> Result<u64, JobFault> {
        let last = std::mem::take(&mut self.held);
        if !last.is_empty() {
            self.put(&last).await?;
        }
        Ok(self.size_bytes)
    }

    async fn put(&mut self, piece: &[u8]) -> Result<(), JobFault> {
        let put = self
            .store
            .put_report_piece(self.report, self.fence, self.pieces, piece);
        if !put.await.map_err(unstored)? {
            // The report was deleted, or somebody else makes it.
            return Err(JobFault::Stopped);
        }
        self.pieces += 1;
        Ok(())
    }
}

fn unstored(error: StoreError) -> JobFault {
    JobFault::retry(NoFile::Store(error))
}

/// Tries of what needs more memory than there is: others who ask at the same time may have it.
const CROWDED_TRIES: i32 = 3;

/// What another try may mend, and what not.
fn unmade(error: ExportError, attempt: i32) -> JobFault {
    match &error {
        ExportError::Lake(
            LakeError::Busy
            | LakeError::TooSlow
            | LakeError::CatchingUp
            | LakeError::Overtaken(_)
            | LakeError::Unavailable(_),
        ) => JobFault::retry(error),
        ExportError::Lake(LakeError::TooLarge(_)) if attempt < CROWDED_TRIES => {
            JobFault::retry(error)
        }
        ExportError::Lake(
            LakeError::TooLarge(_) | LakeError::Misfit { .. } | LakeError::Query(_),
        )
        | ExportError::NoOwner
        | ExportError::Hidden(_)
        | ExportError::Unwritable(_) => JobFault::reject(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_domain::clock::{MockClock, SeededIds};
    use millstream_event_log::mover::Poke;
    use sqlx::postgres::PgPoolOptions;
    use std::sync::Arc;
    use uuid::Uuid;

    #[tokio::test]
    async fn a_file_beyond_the_limit_is_refused_before_more_of_it_is_written() {
        // Nobody is there: what is put would be tried again, and not refused.
        let pool = PgPoolOptions::new()
            .acquire_timeout(Duration::from_millis(1))
            .connect_lazy("postgres://127.0.0.1:1/none")
            .expect("an address");
        let (clock, ids) = (Arc::new(MockClock::default()), Arc::new(SeededIds::new(1)));
        let store = Store::new(pool, Poke::default(), clock, ids);
        let mut file = File {
            store: &store,
            report: ReportId(Uuid::nil()),
            fence: 1,
            held: Vec::new(),
            pieces: 64,
            size_bytes: FILE_BYTES_MAX - 1,
        };
        file.write(b"x")
            .await
            .expect("the last byte that there may be");
        let refused = file.write(b"y").await.expect_err("one too many");
        assert!(matches!(refused, JobFault::Reject(why) if why.to_string().contains("64 MiB")));
        let unreachable = file.end().await.expect_err("nobody is there");
        assert!(matches!(unreachable, JobFault::Retry(_)));
    }
}
