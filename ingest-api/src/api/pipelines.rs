//! Pipelines: how far each is, what it refused, and what operators do about it.

pub(crate) mod letters;
pub(crate) mod list;
pub(crate) mod operate;
pub(crate) mod rate;

use crate::extract::path::Segment;

/// Most characters of a pipeline's name: ours, an `@`, and what a node is called.
pub(crate) const NAME_CHARACTERS_MAX: usize = 128;

/// A pipeline's name in a path.
#[derive(Debug, Clone)]
pub(crate) struct PipelineName(pub(crate) String);

impl Segment for PipelineName {
    fn read(text: &str) -> Option<Self> {
        let is_one = !text.contains('\0') && text.chars().count() <= NAME_CHARACTERS_MAX;
        is_one.then(|| Self(text.to_owned()))
    }
}

/// A record's place in the log, in a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordSeq(pub(crate) i64);

impl Segment for RecordSeq {
    fn read(text: &str) -> Option<Self> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok().map(Self))?
    }
}
