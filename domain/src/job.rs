//! Jobs: work that takes longer than a request may.

use crate::text::words;

words! {
    /// How far a job is.
    JobState {
        /// It will be run when its time has come.
        Waiting = "waiting",
        /// Somebody runs it.
        Running = "running",
        /// It did what it was for.
        Done = "done",
        /// It cannot be done: another try would end alike.
        Failed = "failed",
        /// Somebody called it off.
        Cancelled = "cancelled",
        /// It was tried as often as it may be.
        Dead = "dead",
    }
}

words! {
    /// Where a job waits. Each queue has its own number of jobs that run at once, so that long ones keep nobody else
    /// waiting.
    Queue {
        /// What takes seconds.
        Default = "default",
        /// What takes minutes, or much memory.
        Heavy = "heavy",
    }
}

impl JobState {
    /// Whether nothing will happen to it any more, unless somebody asks for it.
    #[must_use]
    pub fn has_ended(self) -> bool {
        match self {
            Self::Waiting | Self::Running => false,
            Self::Done | Self::Failed | Self::Cancelled | Self::Dead => true,
        }
    }
}
