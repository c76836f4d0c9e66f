//! Who is to be woken after a commit: those who do later what it wants.

use millstream_event_log::signals::{Signals, Work};

/// Who is to be woken once a change is committed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wants {
    pub(crate) jobs: bool,
    pub(crate) mail: bool,
}

impl Wants {
    /// Wakes those that are wanted.
    pub(crate) fn wake(self, signals: &Signals) {
        if self.jobs {
            signals.wanted(Work::Jobs);
        }
        if self.mail {
            signals.wanted(Work::Mail);
        }
    }
}
