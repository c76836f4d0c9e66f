//! The summary of the day: intends the mails of everybody whose morning it is. Asked every quarter of an hour, it finds each
//! person once a day.

use super::{Handler, JobContext, JobFault};
use millstream_store::Store;
use millstream_store::summary::DailySummary;
use serde_json::{Value, json};

/// Intends summaries.
#[derive(Debug, Clone)]
pub struct DailySummaryJob(pub Store);

impl Handler for DailySummaryJob {
    type Args = DailySummary;

    async fn run(&self, args: DailySummary, job: &JobContext) -> Result<Value, JobFault> {
        let (mut behind, mut mails) = (None, 0);
        loop {
            if job.is_stopped() {
                return Err(JobFault::Stopped);
            }
            let some = self.0.summarize_some(args.hour, behind).await;
            let (intended, last) = some.map_err(JobFault::retry)?;
            mails += intended;
            match last {
                None => return Ok(json!({ "mails": mails })),
                Some(last) => behind = Some(last),
            }
        }
    }
}
