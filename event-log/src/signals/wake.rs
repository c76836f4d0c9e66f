//! Waking those who do work later, after the commit that wants it. A hint: they also look by themselves, every now and
//! then, because work may be due later, and because hints get lost.

use std::sync::Arc;
use tokio::sync::Notify;

/// Work that is done later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Jobs.
    Jobs,
    /// Mails.
    Mail,
}

/// Wakes one kind of worker. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Says that there is work.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Waits until there is work; at once, if it was said since the last time. For one worker.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}
