//! Clean-ups: the trash and the archive. Each is many small steps, so that one that is cut off has lost nothing.

use super::{Handler, JobContext, JobFault};
use millstream_store::task::clean::{CleanArchive, EmptyTrash};
use millstream_store::{Store, StoreError};
use serde_json::{Value, json};
use std::future::Future;

/// Removes for ever what has been in the trash for long enough.
#[derive(Debug, Clone)]
pub struct EmptyTrashJob(pub Store);

/// Throws archived tasks away that nobody has touched for long enough.
#[derive(Debug, Clone)]
pub struct CleanArchiveJob(pub Store);

impl Handler for EmptyTrashJob {
    type Args = EmptyTrash;

    async fn run(&self, args: EmptyTrash, job: &JobContext) -> Result<Value, JobFault> {
        let days = args.days.get();
        let removed = all(job, || self.0.empty_trash(days)).await?;
        Ok(json!({ "removed": removed }))
    }
}

impl Handler for CleanArchiveJob {
    type Args = CleanArchive;

    async fn run(&self, args: CleanArchive, job: &JobContext) -> Result<Value, JobFault> {
        let days = args.days.get();
        let moved = all(job, || self.0.clean_archive(days)).await?;
        Ok(json!({ "thrown_away": moved }))
    }
}

/// Takes steps until one finds nothing; how much all of them did.
async fn all<F>(job: &JobContext, step: impl Fn() -> F) -> Result<usize, JobFault>
where
    F: Future<Output = Result<usize, StoreError>> + Send,
{
    let mut done = 0;
    loop {
        if job.is_stopped() {
            return Err(JobFault::Stopped);
        }
        match step().await.map_err(JobFault::retry)? {
            0 => return Ok(done),
            more => done += more,
        }
    }
}
