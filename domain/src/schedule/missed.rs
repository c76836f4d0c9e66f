//! Runs whose time passed while nothing ran: what is done about them.

use super::Timetable;
use crate::text::words;
use chrono::{DateTime, TimeDelta, Utc};

/// Most missed runs that are made up for: what looks at many in a row has arguments for that.
pub const MISSED_MAX: u32 = 100;
/// How late a run may be and still be in time: longer than another process needs to take over from one that died.
pub const MISSED_AFTER: TimeDelta = TimeDelta::seconds(60);

words! {
    /// What becomes of runs whose time passed while nothing ran.
    MissedPolicy {
        /// They are left out.
        Skip = "skip",
        /// The last of them is made up for.
        Once = "once",
        /// Each of them is made up for; the last ones, where they are too many.
        All = "all",
    }
}

impl MissedPolicy {
    /// Whether the run that was due at `due` is left out when it is its turn `now`; `most` counts for [`Self::All`].
    #[must_use]
    pub fn leaves_out(
        self,
        timetable: &Timetable,
        most: u32,
        due: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        let makes_up_for = match self {
            Self::Skip => return now - due > MISSED_AFTER,
            Self::Once => 1,
            Self::All => most.clamp(1, MISSED_MAX),
        };
        // It is left out when as many as are made up for came due after it.
        let later = timetable.upcoming(due, usize::try_from(makes_up_for).unwrap_or(1));
        let passed = later.take_while(|at| *at <= now).count();
        u32::try_from(passed).is_ok_and(|passed| passed >= makes_up_for)
    }
}
