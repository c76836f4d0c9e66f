//! Waking those who do work later, after the commit that wants it. A hint for this process alone: they also look by
//! themselves, every now and then, because work may come from elsewhere or be due later.

use std::sync::Arc;
use tokio::sync::Notify;

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

/// Everybody who can be woken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakes {
    pub(crate) jobs: Wake,
    pub(crate) mail: Wake,
}

/// Who is to be woken once a change is committed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wants {
    pub(crate) jobs: bool,
    pub(crate) mail: bool,
}

impl Wakes {
    /// Wakes those that are wanted.
    pub(crate) fn wake(&self, wants: Wants) {
        if wants.jobs {
            self.jobs.wake();
        }
        if wants.mail {
            self.mail.wake();
        }
    }
}
