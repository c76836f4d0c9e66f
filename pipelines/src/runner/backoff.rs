//! Growing pauses between tries.

use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The first pause.
const FIRST: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);
/// After so long without a failure, pauses begin small again.
pub(super) const CALM: Duration = Duration::from_mins(1);

/// Pauses that double from 50 ms to 30 s, each shortened by up to a quarter, so that pipelines that failed together do
/// not come back together.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    tries: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            next: FIRST,
            tries: 0,
        }
    }
}

impl Backoff {
    /// Waits; returns early when told to stop.
    pub(super) async fn pause(&mut self, stop: &CancellationToken) {
        tokio::select! {
            () = tokio::time::sleep(self.next()) => {}
            () = stop.cancelled() => {}
        }
    }

    fn next(&mut self) -> Duration {
        self.tries += 1;
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        // The address of this value differs between pipelines: enough to spread them, without a random number.
        let spread = (std::ptr::from_ref(self) as usize >> 4)
            .wrapping_mul(31)
            .wrapping_add(self.tries as usize)
            % 256;
        pause.saturating_sub(pause / 1024 * u32::try_from(spread).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(pauses[0] <= FIRST && pauses[0] >= FIRST * 3 / 4);
        assert!(pauses[19] <= LONGEST && pauses[19] >= LONGEST * 3 / 4);
        assert!(pauses.windows(2).take(8).all(|w| w[0] < w[1]));
    }
}
