//! One try of one job: its handler, its signs of life beside it, and its end.

use super::JobRunner;
use super::context::JobContext;
use super::handler::JobFault;
use super::slots::Slot;
use crate::backoff::draw;
use futures::FutureExt;
use millstream_pipelines::sink::in_full;
use millstream_store::job::run::{Ending, Pulse, RESULT_BYTES_MAX, Taken};
use serde_json::Value;
use serde_json::value::to_raw_value;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// What came of a handler: its answer, or what it panicked with.
type Outcome = Result<Result<Value, JobFault>, Box<dyn Any + Send>>;

impl JobRunner {
    /// Runs a job and writes down how it ended.
    pub(super) async fn work(&self, job: Taken, slot: Slot, stop: &CancellationToken) {
        if let Some(ending) = self.attempt(&job, stop).await {
            self.end(&job, &ending).await;
        } else {
            tracing::warn!(
                job = %job.id,
                kind = job.kind,
                "a job was lost to another runner: its signs of life did not get through"
            );
        }
        self.slots.give_back(slot);
    }

    /// Runs the handler until it ends or has to be given up; `None` when the job is not ours any more.
    async fn attempt(&self, job: &Taken, stop: &CancellationToken) -> Option<Ending> {
        let context = JobContext::new(job, stop);
        let Some(handler) = self.handlers.of(&job.kind) else {
            return Some(Ending::GivenBack);
        };
        // Side by side: the signs of life must not wait for a connection that the handler holds without being asked to
        // go on.
        let handling = AssertUnwindSafe(handler.run(&job.args, &context)).catch_unwind();
        let patience = async {
            context.stop().cancelled().await;
            sleep(self.pace.grace).await;
        };
        tokio::select! {
            biased;
            outcome = handling => Some(self.judge(job, &context, outcome)),
            () = self.keep_alive(job, &context) => None,
            () = patience => Some(stopped(&context)),
        }
    }

    /// Gives signs of life for as long as they get through.
    async fn keep_alive(&self, job: &Taken, context: &JobContext) {
        let mut progress = context.watch_progress();
        let mut heard = Instant::now();
        loop {
            let pause = async {
                sleep(self.pace.progress).await;
                if progress.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = sleep(self.pace.pulse) => {}
                () = pause => {}
            }
            let (sent, done) = (Instant::now(), *progress.borrow_and_update());
            let sign = self.store.keep_job(job, done, self.pace.lease_delta());
            match timeout_at(heard + self.pace.lease, sign).await {
                Ok(Ok(Pulse::GoOn)) => heard = sent,
                Ok(Ok(Pulse::CancelAsked)) => {
                    heard = sent;
                    context.call_off();
                }
                Ok(Ok(Pulse::Lost)) | Err(_) => return,
                Ok(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(job = %job.id, error, "a job's sign of life did not get through");
                }
            }
        }
    }

    /// What the end of a handler means for its job.
    fn judge(&self, job: &Taken, context: &JobContext, outcome: Outcome) -> Ending {
        let error = match outcome {
            Ok(Ok(Value::Null)) => return Ending::Done(None),
            Ok(Ok(result)) => return done(&result),
            Ok(Err(JobFault::Stopped)) => return stopped(context),
            Ok(Err(JobFault::Reject(error))) => return Ending::Failed(in_full(&*error)),
            Ok(Err(JobFault::Retry(error))) => in_full(&*error),
            Err(panic) => format!("the handler panicked: {}", words_of(&*panic)),
        };
        if job.attempt >= job.max_attempts {
            return Ending::Dead(error);
        }
        let random = draw(self.store.ids().next());
        let pause = self.pace.backoff.pause(job.attempt, random);
        let until = self.store.clock().now() + pause;
        Ending::PutOff { until, error }
    }

    /// Writes down how a try ended, and tries that for as long as the job is ours.
    async fn end(&self, job: &Taken, ending: &Ending) {
        let lost = Instant::now() + self.pace.lease;
        loop {
            match timeout_at(lost, self.store.end_job(job, ending)).await {
                Ok(Ok(true)) => return tell(job, ending),
                Ok(Ok(false)) => {
                    tracing::warn!(
                        job = %job.id,
                        kind = job.kind,
                        "the end of a job was refused: another runner has taken it over"
                    );
                    return;
                }
                Ok(Err(error)) => {
                    let reason = in_full(&error);
                    tracing::warn!(job = %job.id, error = reason, "the end of a job cannot be written down");
                    sleep(self.pace.retry).await;
                }
                // Whoever takes it over does it again.
                Err(_) => return,
            }
        }
    }
}

/// It was told to stop, by somebody or because the process stops.
fn stopped(context: &JobContext) -> Ending {
    if context.is_called_off() {
        Ending::Cancelled
    } else {
        Ending::GivenBack
    }
}

fn done(result: &Value) -> Ending {
    match to_raw_value(result) {
        Ok(json) if json.get().len() <= RESULT_BYTES_MAX => Ending::Done(Some(json)),
        Ok(json) => Ending::Failed(format!(
            "its result has {} bytes; {RESULT_BYTES_MAX} are the limit",
            json.get().len()
        )),
        Err(error) => Ending::Failed(in_full(&error)),
    }
}

fn words_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a word")
}

/// Says and counts how a try ended.
fn tell(job: &Taken, ending: &Ending) {
    let outcome = match ending {
        Ending::Done(_) => "done",
        Ending::Failed(_) => "failed",
        Ending::Cancelled => "cancelled",
        Ending::PutOff { .. } => "put_off",
        Ending::Dead(_) => "dead",
        Ending::GivenBack => "given_back",
    };
    let kind = job.kind.clone();
    metrics::counter!("millstream_job_attempts_total", "kind" => kind, "outcome" => outcome)
        .increment(1);
    match ending {
        Ending::Done(_) | Ending::Cancelled | Ending::GivenBack => {}
        Ending::PutOff { error, .. } => {
            tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempt, error, "a job has to be tried again");
        }
        Ending::Failed(error) | Ending::Dead(error) => tracing::warn!(
            job = %job.id,
            kind = job.kind,
            attempt = job.attempt,
            error,
            "a job was given up"
        ),
    }
}
