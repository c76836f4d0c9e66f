//! Records that were refused and are to be tried again.
//!
//! Somebody says so by an event of the log. Where it stands, the reader gives the dataflow the old record in its place: at the
//! event's `seq`, so that order and cut stay what they are. It does so only for a record that this pipeline has refused and
//! not taken since: a replay that takes the record where it first stood leaves the event alone, and gives each record once.

use crate::sink::Commit;
use millstream_event_log::events::{Event, PipelineEvent};
use millstream_event_log::{Record, Seq};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a pipeline has refused, and what of it is being tried again. Shared by its reader and its committer.
#[derive(Debug, Clone, Default)]
pub(super) struct Retries(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// The name under which its dead letters are kept.
    row: String,
    refused: BTreeSet<Seq>,
    /// The events that ask for it, and the records that stand in their places.
    under_way: BTreeMap<Seq, Seq>,
}

impl Retries {
    /// Those of the pipeline whose dead letters are kept under the name of `row`.
    pub(super) fn new(row: &str, refused: BTreeSet<Seq>) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            row: row.to_owned(),
            refused,
            under_way: BTreeMap::new(),
        })))
    }

    /// Whether the record asks this pipeline to try one again.
    pub(super) fn is_asked_by(&self, record: &Record) -> bool {
        asked(record).is_some_and(|(pipeline, _)| pipeline == self.kept().row)
    }

    /// The record that is to be tried again in the place of this one.
    pub(super) fn wanted(&self, record: &Record) -> Option<Seq> {
        let (pipeline, seq) = asked(record)?;
        let kept = self.kept();
        (pipeline == kept.row && kept.refused.contains(&seq)).then_some(seq)
    }

    /// The record `seq` is on its way in the place of the event `at`.
    pub(super) fn begin(&self, at: Seq, seq: Seq) {
        self.kept().under_way.insert(at, seq);
    }

    /// Says in a commit what became of the records that are tried again in it.
    pub(super) fn tell<I>(&self, commit: &mut Commit<I>) {
        let kept = self.kept();
        for (at, seq) in kept.under_way.range(..=commit.cut.seq) {
            let mut refused_again = false;
            for letter in commit.dead.iter_mut().filter(|letter| letter.seq == *at) {
                letter.seq = *seq;
                refused_again = true;
            }
            if !refused_again {
                commit.taken.push(*seq);
            }
        }
    }

    /// Remembers what is in a commit that was written.
    pub(super) fn written<I>(&self, commit: &Commit<I>) {
        let mut kept = self.kept();
        kept.under_way = kept.under_way.split_off(&(commit.cut.seq + 1));
        kept.refused
            .extend(commit.dead.iter().map(|letter| letter.seq));
        for seq in &commit.taken {
            kept.refused.remove(seq);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The type of the event that asks for it; compared before anything is decoded.
const ASKS: &str = "pipeline.dead_letter_retried";

fn asked(record: &Record) -> Option<(String, Seq)> {
    if *record.kind != *ASKS {
        return None;
    }
    match record.event() {
        Ok(Event::Pipeline(PipelineEvent::DeadLetterRetried(asked))) => {
            Some((asked.pipeline, asked.seq))
        }
        Ok(_) | Err(_) => None,
    }
}
