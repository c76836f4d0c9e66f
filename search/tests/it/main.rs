//! The index from outside: what is written into a folder, and who finds what of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod comments;
mod filters;
mod folder;
mod highlights;
mod names;
mod pages;
mod random;
mod rights;
mod state;
mod words;
mod world;
