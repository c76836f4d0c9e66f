//! Pipelines without state: a function of the record.

use super::guard::contained;
use super::output::{Kind, Output, Phase};
use super::stable_hash::stable_hash;
use super::{Clockwork, Input};
use crate::pipeline::{Graph, Item, Map};
use millstream_event_log::Record;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator as _;
use timely::dataflow::{Scope, StreamVec};

/// A function as a dataflow. Records are spread over the workers by key.
pub(crate) struct Plain<I>(pub(crate) Map<I>);

impl<I: Item> Graph<I> for Plain<I> {
    fn build<'s>(
        &self,
        _scope: Scope<'s, Clockwork>,
        input: StreamVec<'s, Clockwork, Input>,
    ) -> StreamVec<'s, Clockwork, Output<I>> {
        let map = self.0;
        input.unary::<CapacityContainerBuilder<Vec<Output<I>>>, _, _, _>(
            Exchange::new(by_record_key),
            "each",
            move |_, _| {
                move |input, output| {
                    input.for_each(|capability, data| {
                        let mut session = output.session(&capability);
                        for record in data.drain(..).filter_map(record_of) {
                            session.give_iterator(outputs(&record, map).into_iter());
                        }
                    });
                }
            },
        )
    }
}

/// Spreads records by their key, so that a key's records stay in order.
pub(super) fn by_record_key(input: &Input) -> u64 {
    match input {
        Input::Record(record) => stable_hash(&record.key),
        Input::Restored(restored) => stable_hash(&restored.key),
    }
}

fn record_of(input: Input) -> Option<Record> {
    match input {
        Input::Record(record) => Some(record),
        // A pipeline that once had state and has none now: nothing to restore.
        Input::Restored(_) => None,
    }
}

fn outputs<I: Item>(record: &Record, map: Map<I>) -> Vec<Output<I>> {
    let kinds = match contained(|| map(record)) {
        Ok(items) => items.into_iter().map(Kind::Effect).collect(),
        Err(reject) => vec![Kind::Dead {
            key: record.key.to_string(),
            error: reject.0,
        }],
    };
    (0..)
        .zip(kinds)
        .map(|(place, kind)| Output {
            seq: record.seq,
            phase: Phase::Record,
            turn: 0,
            at: record.at,
            place,
            kind,
        })
        .collect()
}
