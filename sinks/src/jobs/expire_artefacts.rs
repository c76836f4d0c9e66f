//! Files that were made for somebody and whose time is over are removed.

use super::{Handler, JobContext, JobFault};
use millstream_store::Store;
use millstream_store::artefact::ExpireArtefacts;
use serde_json::{Value, json};

/// Removes them.
#[derive(Debug, Clone)]
pub struct ExpireArtefactsJob(pub Store);

impl Handler for ExpireArtefactsJob {
    type Args = ExpireArtefacts;

    async fn run(&self, _: ExpireArtefacts, job: &JobContext) -> Result<Value, JobFault> {
        let mut removed = 0;
        loop {
            if job.is_stopped() {
                return Err(JobFault::Stopped);
            }
            match self.0.expire_files().await.map_err(JobFault::retry)? {
                0 => break,
                more => removed += more,
            }
        }
        let forgotten = self.0.forget_expired_reports().await;
        forgotten.map_err(JobFault::retry)?;
        Ok(json!({ "removed": removed }))
    }
}
