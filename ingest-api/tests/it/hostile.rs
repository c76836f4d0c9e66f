//! Hostile input. None of it gives a 5xx, holds up anybody else, or takes more than its limit.
//!
//! | what is tried | where |
//! | --- | --- |
//! | NUL characters, lone surrogates, bytes that are no UTF-8, odd numbers, 1e400, -0 | [`bodies`] |
//! | 10,000 levels of JSON, half a million values, members that stand twice | [`bodies`] |
//! | bodies beyond 1 MiB: announced, in chunks, compressed (a bomb, and on the way out too) | [`bodies`] |
//! | paths with `..`, `%2f`, `%00`; long ones; queries with unknown, repeated and ten thousand parameters | [`addresses`] |
//! | references to what is not there | [`addresses`] |
//! | heads that never end, connections that say nothing, bodies that do not arrive, answers that nobody takes | [`slow`] |
//! | more connections than there are places; many that come and go | [`slow`] |
//! | smuggled requests, `Host` twice or not at all, targets in other forms, HTTP/2, what is no HTTP | [`wire`] |
//! | heads and addresses beyond what is read at all; a hundred requests at once | [`wire`] |
//! | every operation with odd values in every place | [`odd_input`] |
//! | every operation with the ids of others | [`permission`] |
//! | what a browser of another site sends | [`browsers`] |
//! | too many requests | [`rate_limits`] |
//!
//! Tokens: `auth/token.rs`. Limits of one field each: `bodies.rs` beside this file, and the types of `domain`.
//!
//! [`odd_input`]: crate::odd_input
//! [`permission`]: crate::permission
//! [`browsers`]: crate::browsers
//! [`rate_limits`]: crate::rate_limits

mod addresses;
mod bodies;
mod slow;
mod wire;
