//! How things are shown: people, days, times, words of the domain.

pub(crate) mod choice;
pub(crate) mod day;
mod json;
pub(crate) mod news;
pub(crate) mod person;
pub(crate) mod pipeline;
pub(crate) mod tag;
pub(crate) mod task;

pub(crate) use choice::Choice;
pub(crate) use day::{Due, Moment};
pub(crate) use json::pretty;
pub(crate) use person::Avatar;
pub(crate) use tag::TagMark;
pub(crate) use task::TaskRow;
