//! The timely threads of one pipeline: started, fed, woken, and joined whatever happens in them.
//!
//! A panic in one worker leaves the others waiting for ever, because in-process sends to a dead peer are dropped. So each
//! worker catches its own panic, tells the others to stop, and wakes them.

use crate::dataflow::guard::message;
use crate::dataflow::{Ends, Feed, Finished, install};
use crate::pipeline::{Item, Pipeline};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use timely::communication::WorkerGuards;
use timely::scheduling::SyncActivator;
use timely::worker::Worker;
use tokio::sync::mpsc::UnboundedSender;

/// The threads, and the way in.
pub(super) struct Runtime<Permit: Send + 'static> {
    feed: Option<Sender<Feed<Permit>>>,
    wake: SyncActivator,
    shared: Arc<Shared>,
    // Behind a lock only because the guards may not be shared between threads, which a reference to this would do.
    guards: Mutex<Option<WorkerGuards<()>>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    threads: Mutex<Vec<Thread>>,
    failure: Failure,
}

/// What a worker died of, if one did.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<String>>>);

impl Failure {
    /// What a worker died of, if one did.
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Shared {
    fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        for thread in self
            .threads
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            thread.unpark();
        }
    }

    fn fail(&self, error: String) {
        self.failure
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
        self.stop();
    }
}

impl<Permit: Send + 'static> Runtime<Permit> {
    /// Starts the threads. What becomes final goes to `finished`, which closes when the dataflow has ended.
    pub(super) fn start<I: Item>(
        pipeline: &Pipeline<I>,
        finished: UnboundedSender<Finished<I, Permit>>,
    ) -> Result<Self, String> {
        let (feed, feed_out) = mpsc::channel();
        let (wake_in, wake) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let ends = Mutex::new(Some((feed_out, finished, wake_in)));
        let config = match pipeline.worker_count() {
            1 => timely::Config::thread(),
            n => timely::Config::process(n),
        };
        let (name, graph) = (pipeline.name(), Arc::clone(pipeline.graph()));
        let in_threads = Arc::clone(&shared);
        let guards = timely::execute(config, move |worker| {
            let taken = match worker.index() {
                0 => ends.lock().unwrap_or_else(PoisonError::into_inner).take(),
                _ => None,
            };
            let (ends, wake) = taken
                .map(|(feed, finished, wake)| (ends_of(feed, finished), wake))
                .unzip();
            in_threads
                .threads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(std::thread::current());
            let activator = install(worker, name, &*graph, ends);
            if let Some(wake) = wake {
                // Nobody listens any more when the start was given up.
                let _ = wake.send(activator);
            }
            step(worker, &in_threads);
        })?;
        let wake = wake
            .recv()
            .map_err(|_| "the dataflow could not be built".to_owned())?;
        Ok(Self {
            feed: Some(feed),
            wake,
            shared,
            guards: Mutex::new(Some(guards)),
        })
    }

    /// What a worker died of, if one did.
    pub(super) fn failure(&self) -> Failure {
        self.shared.failure.clone()
    }

    /// Sends a message and wakes the source. A dead runtime takes nothing; the committer notices that it is dead.
    pub(super) fn send(&self, message: Feed<Permit>) {
        if let Some(feed) = &self.feed {
            let _ = feed.send(message);
            let _ = self.wake.activate();
        }
    }

    /// Sends no more: what is under way drains, then the dataflow ends.
    pub(super) fn close(&mut self) {
        self.feed = None;
        let _ = self.wake.activate();
    }
}

impl<Permit: Send + 'static> Drop for Runtime<Permit> {
    /// Abandons what is under way; what was not committed is read again from the cut.
    fn drop(&mut self) {
        self.feed = None;
        self.shared.stop();
        if let Some(guards) = self
            .guards
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
        {
            for error in guards.join().into_iter().filter_map(Result::err) {
                self.shared.fail(error);
            }
        }
    }
}

fn ends_of<I: Item, Permit: Send + 'static>(
    feed: mpsc::Receiver<Feed<Permit>>,
    finished: UnboundedSender<Finished<I, Permit>>,
) -> Ends<I, Permit> {
    // Bounded by the permits that the messages carry. A committer that is gone needs nothing any more.
    let deliver = Box::new(move |message| {
        let _ = finished.send(message);
    });
    Ends { feed, deliver }
}

/// Steps until the dataflow has ended or somebody stops it.
fn step(worker: &mut Worker, shared: &Shared) {
    let stepped = catch_unwind(AssertUnwindSafe(|| {
        while worker.has_dataflows() && !shared.stop.load(Ordering::Acquire) {
            worker.step_or_park(None);
        }
    }));
    if let Err(panic) = stepped {
        shared.fail(format!("a worker panicked: {}", message(&*panic)));
    }
    // Timely goes on stepping until there is no dataflow left.
    let dropped = catch_unwind(AssertUnwindSafe(|| {
        for dataflow in worker.installed_dataflows() {
            worker.drop_dataflow(dataflow);
        }
    }));
    if let Err(panic) = dropped {
        shared.fail(format!(
            "a worker panicked while it was stopped: {}",
            message(&*panic)
        ));
    }
}
