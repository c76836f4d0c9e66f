//! Drives a real Chromium against the running product, for tests and for screenshots.
//!
//! [`Product`] is the built program with a database and a data folder of its own; [`Chromium`] is a browser with a profile
//! of its own, in which somebody does what people do: reads, clicks, types, drags. It finds things by what people call
//! them, by labels and names, never by where they stand in the page. A [`walk`](walk::walk) is a test: it leaves evidence
//! behind when it fails, and fails, too, when the browser's console complains.
//!
//! What runs, and where, is told by the environment, which `cargo xtask test` sets: see [`told`].

pub mod accessibility;
pub mod chromium;
pub mod eyes;
pub mod find;
pub mod hands;
pub mod keys;
pub mod look;
pub mod measure;
pub mod network;
pub mod pages;
pub mod people;
pub mod product;
pub mod told;
pub mod trouble;
pub mod wait;
pub mod walk;

pub use chromium::Chromium;
pub use keys::Key;
pub use look::Look;
pub use product::Product;
pub use walk::walk;
