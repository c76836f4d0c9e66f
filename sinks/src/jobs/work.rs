//! One try of one job: its handler, its signs of life beside it, and its end.

use super::JobRunner;
use super::context::JobContext;
use super::handler::{BoxError, JobFault};
use super::slots::Slot;
use crate::backoff::draw;
use futures::FutureExt;
use millstream_domain::cause::in_full;
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
        if let Some(end) = self.attempt(&job, stop).await {
            self.end(&job, &end).await;
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
    async fn attempt(&self, job: &Taken, stop: &CancellationToken) -> Option<End> {
        let context = JobContext::new(job, stop);
        // Whichever way this is left: what the handler has set to work on other threads, which nobody can drop, hears of it.
        let _told = context.stop().clone().drop_guard();
        let Some(handler) = self.handlers.of(&job.kind) else {
            return Some(Ending::GivenBack.into());
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
            () = patience => Some(stopped(&context).into()),
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
                    let error = in_full(&error);
                    tracing::warn!(job = %job.id, error, "a job's sign of life did not get through");
                }
            }
        }
    }

    /// What the end of a handler means for its job.
    fn judge(&self, job: &Taken, context: &JobContext, outcome: Outcome) -> End {
        let (error, why) = match outcome {
            Ok(Ok(Value::Null)) => return Ending::Done(None).into(),
            Ok(Ok(result)) => return done(&result).into(),
            Ok(Err(JobFault::Stopped)) => return stopped(context).into(),
            Ok(Err(JobFault::Reject(error))) => {
                let ending = Ending::Failed(shown(&error));
                return End::because(ending, in_full(&*error));
            }
            Ok(Err(JobFault::Retry(error))) => (shown(&error), in_full(&*error)),
            Err(panic) => (
                "its handler has a bug".to_owned(),
                format!("the handler panicked: {}", words_of(&*panic)),
            ),
        };
        if job.attempt >= job.max_attempts {
            return End::because(Ending::Dead(error), why);
        }
        let random = draw(self.store.ids().next());
        let pause = self.pace.backoff.pause(job.attempt, random);
        let until = self.store.clock().now() + pause;
        End::because(Ending::PutOff { until, error }, why)
    }

    /// Writes down how a try ended, and tries that for as long as the job is ours.
    async fn end(&self, job: &Taken, end: &End) {
        let lost = Instant::now() + self.pace.lease;
        loop {
            match timeout_at(lost, self.store.end_job(job, &end.ending)).await {
                Ok(Ok(true)) => return tell(job, end),
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

/// How a try ended.
struct End {
    /// As it is written down, for whoever may see the job.
    ending: Ending,
    /// All that is known of what went wrong, for the log alone.
    why: String,
}

impl End {
    fn because(ending: Ending, why: String) -> Self {
        Self { ending, why }
    }
}

impl From<Ending> for End {
    fn from(ending: Ending) -> Self {
        let why = match &ending {
            Ending::Failed(error) | Ending::Dead(error) | Ending::PutOff { error, .. } => {
                error.clone()
            }
            Ending::Done(_) | Ending::Cancelled | Ending::GivenBack => String::new(),
        };
        Self { ending, why }
    }
}

/// What somebody who may see the job is told of an error: its own sentence, not what is behind it. The database and the
/// system speak of our insides.
fn shown(error: &BoxError) -> String {
    if error.is::<sqlx::Error>() {
        "the database did not do what was asked of it".to_owned()
    } else if error.is::<std::io::Error>() {
        "a file or a connection could not be used".to_owned()
    } else {
        error.to_string()
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
fn tell(job: &Taken, end: &End) {
    let outcome = match end.ending {
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
    let error = end.why.as_str();
    match end.ending {
        Ending::Done(_) | Ending::Cancelled | Ending::GivenBack => {}
        Ending::PutOff { .. } => {
            tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempt, error, "a job has to be tried again");
        }
        Ending::Failed(_) | Ending::Dead(_) => tracing::warn!(
            job = %job.id,
            kind = job.kind,
            attempt = job.attempt,
            error,
            "a job was given up"
        ),
    }
}
