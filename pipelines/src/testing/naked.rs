//! A pipeline on a naked timely worker: no threads, no clock, the test steps it.

use crate::dataflow::output::{Kind, Output};
use crate::dataflow::{Ends, Feed, Finished, Restored, install, micros};
use crate::pipeline::{Item, Pipeline};
use crate::sink::StateRow;
use chrono::{DateTime, Utc};
use millstream_event_log::{Cut, Record, Seq};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use timely::communication::Allocator;
use timely::communication::allocator::Thread;
use timely::scheduling::SyncActivator;
use timely::worker::{Config, Worker};

/// A pipeline that runs when it is told to.
pub struct Naked<I: Item> {
    worker: Worker,
    feed: Option<Sender<Feed<()>>>,
    wake: SyncActivator,
    finished: Rc<RefCell<Vec<Finished<I, ()>>>>,
}

/// What became final.
#[derive(Debug, Clone, Default)]
pub struct Closed<I> {
    /// The effects, in the order of the log.
    pub effects: Vec<(Seq, DateTime<Utc>, I)>,
    /// The states that changed, in order, as operator, key and JSON.
    pub states: Vec<(String, String, Option<String>)>,
    /// The refused records, and why.
    pub dead: Vec<(Seq, String)>,
    /// The cut, if it moved.
    pub cut: Option<Cut>,
    /// When the next timer wants to fire, in microseconds since 1970, if that changed.
    pub next_due: Option<Option<u64>>,
    /// Why nothing can go on, if nothing can.
    pub halted: Option<String>,
}

impl<I: Item> Naked<I> {
    /// A pipeline that goes on from these states.
    #[must_use]
    pub fn new(pipeline: &Pipeline<I>, states: Vec<StateRow>) -> Self {
        let mut worker = Worker::new(
            Config::default(),
            Allocator::Thread(Thread::default()),
            None,
        );
        let (feed_in, feed) = channel();
        let finished: Rc<RefCell<Vec<_>>> = Rc::default();
        let delivered = Rc::clone(&finished);
        let deliver = Box::new(move |message| delivered.borrow_mut().push(message));
        let wake = install(
            &mut worker,
            pipeline.name(),
            &**pipeline.graph(),
            Some(Ends { feed, deliver }),
        );
        let naked = Self {
            worker,
            feed: Some(feed_in),
            wake,
            finished,
        };
        naked.send(Feed::States(
            states.into_iter().filter_map(Restored::of).collect(),
        ));
        naked
    }

    /// Feeds records as the reader would, at a time of the reader's clock.
    pub fn records(&self, records: Vec<Record>, at: DateTime<Utc>) {
        let cut = Cut::at(records.last().map_or(0, |record| record.seq));
        self.send(Feed::Batch {
            records,
            cut,
            at: micros(at),
            permit: (),
        });
    }

    /// Lets time pass.
    pub fn tick(&self, at: DateTime<Utc>) {
        self.send(Feed::Tick {
            at: micros(at),
            permit: (),
        });
    }

    fn send(&self, message: Feed<()>) {
        if let Some(feed) = &self.feed {
            let _ = feed.send(message);
            let _ = self.wake.activate();
        }
    }

    /// Steps until nothing moves any more, and gives what became final.
    pub fn settle(&mut self) -> Closed<I> {
        // A step without work ends the loop; timely tells of work still to do by its activations.
        let mut idle = 0;
        while idle < IDLE_STEPS {
            let before = self.finished.borrow().len();
            self.worker.step();
            idle = if self.finished.borrow().len() == before {
                idle + 1
            } else {
                0
            };
        }
        closed(self.finished.take())
    }

    /// Ends the input and gives the rest.
    #[must_use]
    pub fn end(mut self) -> Closed<I> {
        self.feed = None;
        let _ = self.wake.activate();
        while self.worker.has_dataflows() {
            self.worker.step();
        }
        closed(self.finished.take())
    }
}

/// Steps in a row without news after which nothing moves: more than a message takes to cross the four operators.
const IDLE_STEPS: usize = 32;

impl<I: Item> Drop for Naked<I> {
    fn drop(&mut self) {
        for dataflow in self.worker.installed_dataflows() {
            self.worker.drop_dataflow(dataflow);
        }
    }
}

fn closed<I: Clone>(finished: Vec<Finished<I, ()>>) -> Closed<I> {
    let (mut all, mut cut, mut next_due) = (Vec::new(), None, None);
    for message in finished {
        match message {
            Finished::Epochs {
                outputs,
                cut: behind,
                ..
            } => {
                all.extend(outputs);
                cut = behind.or(cut);
            }
            Finished::NextDue(due) => next_due = Some(due),
        }
    }
    all.sort_by_key(Output::order);
    let mut closed = Closed {
        effects: vec![],
        states: vec![],
        dead: vec![],
        cut,
        next_due,
        halted: None,
    };
    for output in all {
        match output.kind {
            Kind::Effect(item) => closed.effects.push((output.seq, output.at, item)),
            Kind::State {
                operator,
                key,
                state,
            } => closed.states.push((operator, key, state)),
            Kind::Dead { error, .. } => closed.dead.push((output.seq, error)),
            Kind::Halt { error } => closed.halted = Some(error),
            Kind::Due { .. } => {}
        }
    }
    closed
}
