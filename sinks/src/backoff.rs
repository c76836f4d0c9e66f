//! Pauses between tries of what failed: they double, and each is drawn from the whole span between the shortest pause and there
//! ("full jitter"), so that what failed together does not come back together.

use chrono::TimeDelta;
use uuid::Uuid;

/// How pauses grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The shortest that any may be.
    pub shortest: TimeDelta,
    /// The longest that the first pause may be.
    pub first: TimeDelta,
    /// The longest that any may be.
    pub longest: TimeDelta,
}

impl Backoff {
    /// The pause after the try of this number, from 1: the part of its span that `draw` is of all numbers. The same draw
    /// gives the same pause.
    #[must_use]
    pub fn pause(&self, attempt: i32, draw: u32) -> TimeDelta {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0);
        let factor = 2_i32.checked_pow(doublings).unwrap_or(i32::MAX);
        let span = self.first.checked_mul(factor).unwrap_or(self.longest);
        let span = span.min(self.longest) - self.shortest;
        let span_ms = span.num_milliseconds().max(0);
        // A pause of years, in milliseconds, times 2³² is more than 64 bits hold.
        let part = i128::from(span_ms) * i128::from(draw) / i128::from(u32::MAX);
        self.shortest + TimeDelta::milliseconds(i64::try_from(part).unwrap_or(span_ms))
    }
}

/// A number drawn from a fresh id: its last four bytes are random, and a test that seeds its ids knows them.
#[must_use]
pub(crate) fn draw(id: Uuid) -> u32 {
    let [.., a, b, c, d] = *id.as_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_domain::clock::{IdSource, SeededIds};

    const BACKOFF: Backoff = Backoff {
        shortest: TimeDelta::zero(),
        first: TimeDelta::seconds(10),
        longest: TimeDelta::hours(1),
    };

    #[test]
    fn spans_double_up_to_the_longest() {
        let spans: Vec<_> = (1..=12)
            .map(|attempt| BACKOFF.pause(attempt, u32::MAX).num_seconds())
            .collect();
        assert_eq!(
            spans,
            [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
        );
    }

    #[test]
    fn a_pause_lies_anywhere_in_its_span() {
        let ids = SeededIds::new(4);
        let pauses: Vec<_> = (0..1_000)
            .map(|_| BACKOFF.pause(3, draw(ids.next())).num_seconds())
            .collect();
        assert!(pauses.iter().all(|pause| (0..=40).contains(pause)));
        for quarter in 0..4 {
            let within = (quarter * 10)..(quarter * 10 + 10);
            let count = pauses
                .iter()
                .filter(|pause| within.contains(*pause))
                .count();
            assert!((150..350).contains(&count), "{quarter}: {count}");
        }
    }

    #[test]
    fn the_same_draw_gives_the_same_pause() {
        assert_eq!(BACKOFF.pause(5, 77), BACKOFF.pause(5, 77));
        assert_eq!(BACKOFF.pause(5, 0), TimeDelta::zero());
    }

    #[test]
    fn no_pause_is_shorter_than_the_shortest() {
        let patient = Backoff {
            shortest: TimeDelta::seconds(4),
            ..BACKOFF
        };
        assert_eq!(patient.pause(1, 0), TimeDelta::seconds(4));
        assert_eq!(patient.pause(1, u32::MAX / 2).num_seconds(), 6);
        assert_eq!(patient.pause(1, u32::MAX), TimeDelta::seconds(10));
    }

    #[test]
    fn no_number_of_tries_is_too_large() {
        for attempt in [i32::MIN, -1, 0, 31, 32, 33, i32::MAX] {
            let pause = BACKOFF.pause(attempt, u32::MAX);
            assert!(pause >= BACKOFF.first && pause <= BACKOFF.longest);
        }
    }
}
