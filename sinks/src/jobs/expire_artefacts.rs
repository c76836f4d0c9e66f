//! Files that were made for somebody and whose time is over are removed, wherever they are kept.
//!
//! To add a place: its [`Artefacts`], given to the handler where the binary makes it.

use super::{Handler, JobContext, JobFault};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use millstream_domain::clock::Clock;
use millstream_store::artefact::ExpireArtefacts;
use serde_json::{Value, json};
use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

/// A place where files are kept that expire.
pub trait Artefacts: Debug + Send + Sync {
    /// Removes some of those whose time was over at `now`; how many, 0 when there are no more. It must bear a repeat.
    fn expire(
        &self,
        now: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<u64, Box<dyn Error + Send + Sync>>>;
}

/// Removes them.
#[derive(Debug, Clone)]
pub struct ExpireArtefactsJob {
    clock: Arc<dyn Clock>,
    places: Vec<Arc<dyn Artefacts>>,
}

impl ExpireArtefactsJob {
    /// In no place yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            places: Vec::new(),
        }
    }

    /// In this place, too.
    #[must_use]
    pub fn with(mut self, place: Arc<dyn Artefacts>) -> Self {
        self.places.push(place);
        self
    }
}

impl Handler for ExpireArtefactsJob {
    type Args = ExpireArtefacts;

    async fn run(&self, _: ExpireArtefacts, job: &JobContext) -> Result<Value, JobFault> {
        let now = self.clock.now();
        let mut removed = 0;
        for place in &self.places {
            loop {
                if job.is_stopped() {
                    return Err(JobFault::Stopped);
                }
                match place.expire(now).await.map_err(JobFault::retry)? {
                    0 => break,
                    more => removed += more,
                }
            }
        }
        Ok(json!({ "removed": removed }))
    }
}
