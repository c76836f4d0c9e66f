//! Start and stop: the only place that spawns.
//!
//! What runs is kept in groups that are stopped one after the other, in the order opposite to that of the flow: first
//! nothing new comes in, then what came in is moved and processed, then the database closes.

use anyhow::{Context, Result, bail};
use std::future::Future;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long a group may take to stop. Whatever is not done by then is done again at the next start.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);

/// Tasks that are stopped together.
#[derive(Debug)]
pub(crate) struct Group {
    name: &'static str,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Group {
    /// A group without tasks.
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        }
    }

    /// What tells its tasks to stop.
    pub(crate) fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task.
    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until one of its tasks ends, which none should before it is told to.
    async fn ended(&mut self) -> String {
        match self.tasks.join_next().await {
            Some(Err(error)) => format!("a part of \"{}\" panicked: {error}", self.name),
            Some(Ok(())) => format!("a part of \"{}\" ended by itself", self.name),
            // Nothing runs in it: nothing can end.
            None => std::future::pending().await,
        }
    }

    /// Stops its tasks and waits for them.
    async fn stopped(mut self) {
        self.stop.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_TIME_MAX, all).await.is_err() {
            tracing::warn!(
                group = self.name,
                "it did not stop in time and is abandoned"
            );
            self.tasks.abort_all();
        }
    }
}

/// Runs the groups until somebody asks to stop or one of them fails, then stops them in the given order.
///
/// Whoever asks a second time is not kept waiting: the process ends there and then. Nothing is lost by that; it is what
/// happens when the power fails, and the next start goes on from there.
pub(crate) async fn run(mut groups: Vec<Group>) -> Result<()> {
    let mut signals = Signals::new()?;
    let failure = {
        let any =
            futures::future::select_all(groups.iter_mut().map(|group| Box::pin(group.ended())));
        tokio::select! {
            () = signals.next() => None,
            (error, ..) = any => Some(error),
        }
    };
    match &failure {
        None => tracing::info!("stopping; once more to stop at once"),
        Some(error) => tracing::error!(error, "stopping, because something broke"),
    }
    tokio::select! {
        () = stop(groups) => {}
        () = signals.next() => {
            tracing::warn!("stopped at once, as asked");
            std::process::exit(1);
        }
    }
    match failure {
        None => Ok(()),
        Some(error) => bail!(error),
    }
}

/// Stops groups one after the other, in the given order.
pub(crate) async fn stop(groups: Vec<Group>) {
    for group in groups {
        group.stopped().await;
    }
}

/// Ctrl-C and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        let listen = |kind| signal(kind).context("the system lets us hear no signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
