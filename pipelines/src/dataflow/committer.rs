//! The committer's end inside the dataflow: on worker 0, gathers what operators say per epoch, and hands on every epoch
//! that the frontier has passed, with its cut and its permits.

use super::output::{Kind, Output, Phase};
use super::{Clockwork, Deliver, Finished, Open};
use crate::pipeline::Item;
use millstream_event_log::Seq;
use std::collections::BTreeMap;
use timely::dataflow::StreamVec;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator as _;

/// Ends the dataflow in the committer. Without an end (on every worker but 0) nothing ever arrives.
pub(super) fn committer<I: Item, Permit: 'static>(
    outputs: StreamVec<'_, Clockwork, Output<I>>,
    deliver: Option<Deliver<I, Permit>>,
    open: Open<Permit>,
    peers: usize,
) {
    let mut committer = deliver.map(|deliver| Committer {
        deliver,
        open,
        due: vec![None; peers],
        pending: BTreeMap::new(),
        handed_on: 0,
    });
    // All to worker 0, where the reader is too: so "which cut belongs to this epoch" is a local question.
    outputs.sink(
        Exchange::new(|_| 0),
        "committer",
        move |(input, frontier)| {
            let mut due_changed = false;
            input.for_each(|capability, data| {
                if let Some(committer) = &mut committer {
                    due_changed |= committer.gather(*capability.time(), data);
                }
            });
            if let Some(committer) = &mut committer {
                committer.hand_on(frontier.frontier().first().copied());
                if due_changed {
                    committer.tell_due();
                }
            }
        },
    );
}

struct Committer<I, Permit> {
    deliver: Deliver<I, Permit>,
    open: Open<Permit>,
    due: Vec<Option<Clockwork>>,
    pending: BTreeMap<Clockwork, Vec<Output<I>>>,
    /// The last record of the epochs that were handed on.
    handed_on: Seq,
}

impl<I: Item, Permit> Committer<I, Permit> {
    /// Keeps what arrived; answers whether a worker's next timer was among it.
    fn gather(&mut self, time: Clockwork, data: &mut Vec<Output<I>>) -> bool {
        let mut due_changed = false;
        let pending = self.pending.entry(time).or_default();
        for output in data.drain(..) {
            if let Kind::Due { worker, due } = output.kind {
                self.due[worker] = due;
                due_changed = true;
            } else {
                pending.push(output);
            }
        }
        due_changed
    }

    /// Hands on all epochs before the frontier; all there are, when the input has ended.
    fn hand_on(&mut self, frontier: Option<Clockwork>) {
        let closed = |time: Clockwork| frontier.is_none_or(|frontier| time < frontier);
        let (mut outputs, mut cut, mut permits) = (Vec::new(), None, Vec::new());
        let mut open = self.open.borrow_mut();
        while let Some(first) = self.pending.first_entry().filter(|e| closed(*e.key())) {
            let (now, mut said) = first.remove_entry();
            while let Some((_, behind, permit)) = open.pop_front_if(|(time, ..)| *time <= now) {
                cut = behind.or(cut);
                permits.push(permit);
            }
            self.handed_on = cut.map_or(self.handed_on, |cut| cut.seq);
            let timers = said
                .iter_mut()
                .filter(|output| output.phase == Phase::After);
            timers.for_each(|output| output.seq = self.handed_on);
            outputs.append(&mut said);
        }
        while let Some((_, behind, permit)) = open.pop_front_if(|(time, ..)| closed(*time)) {
            cut = behind.or(cut);
            permits.push(permit);
        }
        self.handed_on = cut.map_or(self.handed_on, |cut| cut.seq);
        drop(open);
        if !outputs.is_empty() || !permits.is_empty() {
            (self.deliver)(Finished::Epochs {
                outputs,
                cut,
                permits,
            });
        }
    }

    fn tell_due(&mut self) {
        let earliest = self.due.iter().flatten().min().copied();
        (self.deliver)(Finished::NextDue(earliest));
    }
}
