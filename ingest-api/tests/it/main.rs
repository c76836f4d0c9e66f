//! The API, through its router, on a database of its own for each test. The folders follow the URLs.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test, and says where"
)]
#![expect(
    clippy::similar_names,
    reason = "an answer is called like what it is an answer to"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "bodies are written where they are sent"
)]

mod activity;
mod analytics;
mod app;
mod audit;
mod auth;
mod bodies;
mod browsers;
mod cache;
mod comments;
mod conditional;
mod envelope;
mod health;
mod hostile;
mod idempotency;
mod jobs;
mod live;
mod notifications;
mod odd_input;
mod one_connection;
mod openapi;
mod pages;
mod permission;
mod pipelines;
mod policy;
mod position;
mod projects;
mod proxies;
mod rate_limits;
mod reports;
mod schedules;
mod search;
mod serve;
mod statements;
mod tags;
mod tasks;
mod teams;
mod users;
