//! What every request passes, from the outside in.
//!
//! 1. [`observe`]: the request's id and context, its time, one line of log, metrics;
//! 2. [`headers`]: what browsers are told for safety, [`cors`]: which other sites may use the API;
//! 3. [`limits`]: size of address and headers, time, panics; [`host`]: whether it was meant for us at all;
//! 4. compression (of `tower-http`);
//! 5. [`envelope`]: one form for errors, [`conditional`]: 304 for what the client has already;
//! 6. the route, with what it needs of [`rate`], `auth`, [`position`] and `idempotency`.

pub(crate) mod accept;
pub(crate) mod conditional;
pub(crate) mod cors;
pub(crate) mod envelope;
pub(crate) mod headers;
pub(crate) mod host;
pub(crate) mod limits;
pub(crate) mod observe;
pub(crate) mod position;
pub(crate) mod rate;
