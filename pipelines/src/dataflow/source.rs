//! The source: the only holder of a capability in the whole runtime. It lives on worker 0 and turns what the reader sends
//! into epochs, one per batch.

use super::{Clockwork, Feed, Input, Open};
use millstream_event_log::Seq;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, TryRecvError};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::operators::Capability;
use timely::dataflow::operators::generic::operator;
use timely::dataflow::{Scope, StreamVec};
use timely::scheduling::SyncActivator;

/// How many messages one activation takes: keeps the worker free to process what it has, instead of swallowing a whole
/// backlog first.
const MESSAGES_PER_STEP: usize = 16;

/// The source and what wakes it. Without a feed (on every worker but 0) it ends at once.
pub(super) fn source<Permit: 'static>(
    scope: Scope<'_, Clockwork>,
    feed: Option<Receiver<Feed<Permit>>>,
    open: Open<Permit>,
) -> (StreamVec<'_, Clockwork, Input>, SyncActivator) {
    let mut activator = None;
    let stream = operator::source::<_, CapacityContainerBuilder<Vec<Input>>, _, _>(
        scope,
        "source",
        |capability, info| {
            let path = info.address.to_vec();
            activator = Some(scope.worker().sync_activator_for(path.clone()));
            let again = scope.worker().activator_for(Rc::from(path));
            let mut source = feed.map(|feed| Source {
                feed,
                open,
                capability,
                newest: 0,
            });
            move |output| {
                for _ in 0..MESSAGES_PER_STEP {
                    let Some(running) = source.as_mut() else {
                        return;
                    };
                    match running.feed.try_recv() {
                        Ok(message) => {
                            let mut records = running.take(message);
                            output
                                .session(&running.capability)
                                .give_container(&mut records);
                            running.close();
                        }
                        Err(TryRecvError::Empty) => return,
                        // Dropping the capability drains everything downstream, and the dataflow ends.
                        Err(TryRecvError::Disconnected) => source = None,
                    }
                }
                again.activate();
            }
        },
    );
    (
        stream,
        activator.expect("the constructor has run, or there would be no stream"),
    )
}

struct Source<Permit> {
    feed: Receiver<Feed<Permit>>,
    open: Open<Permit>,
    capability: Capability<Clockwork>,
    newest: Seq,
}

impl<Permit> Source<Permit> {
    /// Opens the epoch of a message; answers with what it brings.
    fn take(&mut self, message: Feed<Permit>) -> Vec<Input> {
        match message {
            Feed::States(states) => states.into_iter().map(Input::Restored).collect(),
            Feed::Batch {
                records,
                cut,
                at,
                permit,
            } => {
                self.open_epoch(at, Some(cut), permit);
                // A log that is read at least once (a mirror) may bring a record again.
                let newest = self.newest;
                self.newest = newest.max(cut.seq);
                records
                    .into_iter()
                    .filter(|r| r.seq > newest)
                    .map(Input::Record)
                    .collect()
            }
            Feed::Tick { at, permit } => {
                self.open_epoch(at, None, permit);
                Vec::new()
            }
        }
    }

    fn open_epoch(
        &mut self,
        at: Clockwork,
        cut: Option<millstream_event_log::Cut>,
        permit: Permit,
    ) {
        let time = at.max(*self.capability.time());
        self.capability.downgrade(&time);
        self.open.borrow_mut().push_back((time, cut, permit));
    }

    /// Closes the epoch at once: nothing will ever be added to it.
    fn close(&mut self) {
        let next = self.capability.time() + 1;
        self.capability.downgrade(&next);
    }
}
