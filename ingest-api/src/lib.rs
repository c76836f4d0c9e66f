//! axum: all HTTP. `http-api.md` is the contract; this crate is its one implementation.
//!
//! - [`routes`] is the table of everything that answers; a handler stands in `api/<noun>/<verb>.rs`.
//! - A request passes the rooms in [`middleware`] (id, time, log, limits), then log-in, then idempotency, then its handler.
//! - Bodies, queries and paths are read in [`extract`], strictly: nothing that a client sends is silently dropped.
//! - What a handler answers is an [`answer::Answer`] or an [`error::ApiError`]; nothing else leaves the house.
//!
//! *Invariant:* no input gives a 5xx, and every wait, body and queue has a named limit.

pub mod admin;
pub mod answer;
mod api;
pub mod auth;
pub mod cache;
mod client_address;
mod document;
pub mod error;
mod extract;
mod forward;
mod idempotency;
mod live;
mod middleware;
mod own_site;
mod pages;
mod position;
mod problem;
mod rate_limit;
mod request;
mod routes;
mod serve;
pub mod settings;
pub mod state;
mod view;

pub use admin::{admin, waiting};
pub use forward::{Service, Services};
pub use live::Hub;
pub use pages::PAGES;
pub use routes::{analytics_service, openapi, router, search_service};
pub use serve::{ConnectionLimits, Peer, serve, serve_within};
pub use settings::Settings;
pub use state::{AppState, Parts};
