//! How much of the server live connections may take, and how long their clients may be silent.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Connections at once: each takes a few KiB, so that all of them stay below 200 MiB.
const CONNECTIONS_MAX: usize = 20_000;
/// Connections of one person: every tab of some browsers, and their programs.
const PERSON_MAX: usize = 200;
/// Connections from one address: a large office behind one; a twentieth of all that there can be.
const ADDRESS_MAX: usize = 1_000;
/// How often a silent client is asked whether it is still there: below the minute after which many proxies close what is
/// silent.
const PING_EVERY: Duration = Duration::from_secs(30);

/// The limits of live connections, whether each is a WebSocket or an event stream.
#[derive(Debug, Clone, Copy)]
pub struct LiveLimits {
    /// In all.
    pub connections: usize,
    /// Of one person, in all their log-ins and tokens together.
    pub person: NonZeroUsize,
    /// From one address (of IPv6: a network of 64 bits). The machine's own is not limited: behind a proxy of which nobody
    /// said that it is trusted, it is everybody's.
    pub address: NonZeroUsize,
    /// How often a client is asked whether it is still there. Who does not answer until the next time is gone.
    pub ping_every: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        let number = |number| NonZeroUsize::new(number).expect("the defaults are not 0");
        Self {
            connections: CONNECTIONS_MAX,
            person: number(PERSON_MAX),
            address: number(ADDRESS_MAX),
            ping_every: PING_EVERY,
        }
    }
}
