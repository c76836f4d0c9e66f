//! Every effect of a pipeline: the implementations of its contracts [`Sink`] and [`Lease`].
//!
//! [`postgres`] commits a view's rows, its operators' state, dead letters and the cut in one transaction; a view that
//! is kept in Postgres only says how its effects are applied ([`postgres::View`]). [`tantivy`] does the same with the
//! search index, whose commits carry the cut as their payload. [`lake`] shows changes at once and writes them later.
//!
//! To add one: a file here, a case in `tests/it/views.rs` with a line in the suite, and a line in the binary's
//! `roles/views.rs`.
//!
//! [`Sink`]: millstream_pipelines::sink::Sink
//! [`Lease`]: millstream_pipelines::sink::Lease

pub mod activity;
pub mod audit;
pub mod backoff;
pub mod delivery;
pub mod email;
pub mod jobs;
pub mod lake;
pub mod lease;
pub mod mails;
pub mod mirror;
pub mod notifications;
pub mod postgres;
pub mod rebuild;
pub mod schedules;
pub mod tantivy;
pub mod timers;
