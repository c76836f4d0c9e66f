//! The views that pipelines keep in Postgres: how they are read, and the statements with which their sinks write them.

pub mod activity;
pub mod audit;
pub mod notifications;
pub mod shadow;
