//! How many jobs of each queue run at once.

use millstream_domain::job::Queue;
use std::sync::Arc;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The slots of one process.
#[derive(Debug)]
pub(super) struct Slots {
    default: Arc<Semaphore>,
    heavy: Arc<Semaphore>,
    ended: Notify,
}

/// Room for one job; free again when dropped.
pub(super) type Slot = OwnedSemaphorePermit;

impl Slots {
    /// So many of each queue.
    pub(super) fn new(default: usize, heavy: usize) -> Self {
        Self {
            default: Arc::new(Semaphore::new(default)),
            heavy: Arc::new(Semaphore::new(heavy)),
            ended: Notify::new(),
        }
    }

    /// All free slots of a queue. Those that are dropped unused are free again at once.
    pub(super) fn free(&self, queue: Queue) -> Vec<Slot> {
        let semaphore = match queue {
            Queue::Default => &self.default,
            Queue::Heavy => &self.heavy,
        };
        std::iter::from_fn(|| Arc::clone(semaphore).try_acquire_owned().ok()).collect()
    }

    /// A job has ended: its slot is for the next one.
    pub(super) fn give_back(&self, slot: Slot) {
        drop(slot);
        self.ended.notify_one();
    }

    /// Waits until a job has ended.
    pub(super) async fn freed(&self) {
        self.ended.notified().await;
    }
}
