//! What every request passes, from the outside in.
//!
//! 1. [`observe`]: the request's id and context, its time, one line of log, metrics;
//! 2. [`limits`]: size of address and headers, time, panics;
//! 3. [`headers`]: what browsers are told for safety;
//! 4. compression (of `tower-http`);
//! 5. [`envelope`]: one form for errors, [`conditional`]: 304 for what the client has already;
//! 6. the route, with what it needs of `auth` and `idempotency`.

pub(crate) mod accept;
pub(crate) mod conditional;
pub(crate) mod envelope;
pub(crate) mod headers;
pub(crate) mod limits;
pub(crate) mod observe;
