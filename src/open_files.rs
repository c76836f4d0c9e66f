//! How many files and connections the system lets this process have open at once.
//!
//! Many systems begin with 1,024, for the sake of programs of long ago; the process itself may raise that.

use millstream_domain::cause::in_full;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// All connections that there can be, live ones and others, and as many files again as the index and the pool may take.
const WANTED: u64 = 65_536;
/// What is needed for all live connections beside requests.
const NEEDED: u64 = 40_000;

/// Raises the limit as far as the system allows, and says so where that is less than all connections take.
pub(crate) fn raise_limit() {
    let before = getrlimit(Resource::Nofile);
    let Some(current) = before.current else {
        return;
    };
    let wanted = raised(current, before.maximum);
    if wanted == current {
        return tell(current);
    }
    let limit = Rlimit {
        current: Some(wanted),
        maximum: before.maximum,
    };
    match setrlimit(Resource::Nofile, limit) {
        Ok(()) => tell(wanted),
        Err(error) => {
            tracing::warn!(
                error = in_full(&error),
                "the limit of open files could not be raised"
            );
        }
    }
}

/// What is asked for: enough, never less than there is, and no more than there may be. `None` is no limit.
fn raised(current: u64, maximum: Option<u64>) -> u64 {
    WANTED.min(maximum.unwrap_or(u64::MAX)).max(current)
}

fn tell(limit: u64) {
    if limit < NEEDED {
        tracing::info!(
            limit,
            needed = NEEDED,
            "fewer files may be open than all connections would take"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_as_far_as_it_may_be_and_never_lowered() {
        assert_eq!(raised(1_024, Some(1_048_576)), WANTED);
        assert_eq!(raised(1_024, Some(4_096)), 4_096);
        assert_eq!(raised(1_024, None), WANTED);
        assert_eq!(raised(100_000, Some(1_048_576)), 100_000);
    }
}
