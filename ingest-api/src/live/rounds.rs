//! When an idle connection is looked at: whether its client is still there, and whether they still are who they were.

use super::guest::Guest;
use crate::state::AppState;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How often rights are asked for even if nothing was heard: sessions and API tokens also end by time.
const ASK_EVERY: Duration = Duration::from_mins(1);
/// A step through the minute that never comes close to where it was: thousands that connect at once do not ask at once.
const STEP_MS: u64 = 37_082;

/// What it is time for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Ask,
}

/// When what is due.
#[derive(Debug)]
pub(super) struct Rounds {
    ping_every: Duration,
    ping: Instant,
    ask: Instant,
}

impl Rounds {
    /// Of the connection with this number.
    pub(super) fn new(ping_every: Duration, number: u64) -> Self {
        let now = Instant::now();
        let every_ms = u64::try_from(ASK_EVERY.as_millis()).expect("a minute");
        let first_ms = number.wrapping_mul(STEP_MS) % every_ms;
        Self {
            ping_every,
            ping: now + ping_every,
            ask: now + Duration::from_millis(first_ms),
        }
    }

    /// Waits for what is due next. Cancel-safe.
    pub(super) async fn next(&mut self, app: &AppState, guest: &Guest) -> Due {
        let ends = guest
            .left(app)
            .map(|left| Instant::now() + left)
            .filter(|ends| *ends < self.ask);
        let ask = ends.unwrap_or(self.ask);
        sleep_until(self.ping.min(ask)).await;
        let now = Instant::now();
        if ask <= now || guest.left(app).is_some_and(|left| left.is_zero()) {
            self.ask = now + ASK_EVERY;
            return Due::Ask;
        }
        self.ping = now + self.ping_every;
        Due::Ping
    }
}
