//! Pipelines with state per key: route, exchange by key, operator.
//!
//! Within a closed epoch the events run in the order of the log. A timer of a key that was due before an event of that
//! key runs before it; the other timers run behind the epoch. That is what happens live, where epochs are short, and so
//! a replay, where an epoch may span hours, gives the same.

use super::guard::contained;
use super::key_state::{Called, KeyStates, StateChange};
use super::output::{Kind, Output, Phase};
use super::plain::by_record_key;
use super::stable_hash::stable_hash;
use super::{Clockwork, Input, Restored, from_micros, micros, wire};
use crate::operator::{Operator, Reject};
use crate::pipeline::{Graph, Route};
use chrono::{DateTime, Utc};
use millstream_event_log::{Record, Seq};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::generic::Operator as _;
use timely::dataflow::{Scope, StreamVec};

/// How many overdue timers one activation fires: the capability moves along with them, so that what they did is
/// committed while the rest still waits, and the worker stays responsive.
const TIMERS_PER_STEP: usize = 1_000;

/// A routed, keyed operator as a dataflow.
pub(crate) struct Keyed<O: Operator> {
    pub(crate) name: &'static str,
    pub(crate) route: Route<O>,
    pub(crate) operator: O,
}

/// What travels from the route to the operator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
enum Routed<O: Operator> {
    Restored {
        #[serde(with = "wire")]
        key: O::Key,
        #[serde(with = "wire")]
        state: O::State,
    },
    Event {
        seq: Seq,
        place: u32,
        at: DateTime<Utc>,
        #[serde(with = "wire")]
        key: O::Key,
        #[serde(with = "wire")]
        event: O::In,
    },
    Refused {
        seq: Seq,
        at: DateTime<Utc>,
        key: String,
        error: String,
    },
    /// What was remembered cannot be read any more.
    Unreadable { key: String, error: String },
}

impl<O: Operator> Graph<O::Out> for Keyed<O> {
    fn build<'s>(
        &self,
        scope: Scope<'s, Clockwork>,
        input: StreamVec<'s, Clockwork, Input>,
    ) -> StreamVec<'s, Clockwork, Output<O::Out>> {
        let (route, name) = (self.route, self.name);
        let (index, operator) = (scope.worker().index(), self.operator.clone());
        let routed = input.unary::<CapacityContainerBuilder<Vec<Routed<O>>>, _, _, _>(
            Exchange::new(by_record_key),
            "route",
            move |_, _| {
                move |input, output| {
                    input.for_each(|capability, data| {
                        let mut session = output.session(&capability);
                        for routed in data
                            .drain(..)
                            .flat_map(|input| routed_of::<O>(input, route))
                        {
                            session.give(routed);
                        }
                    });
                }
            },
        );
        routed.unary_frontier::<CapacityContainerBuilder<Vec<Output<O::Out>>>, _, _, _>(
            Exchange::new(by_operator_key),
            name,
            move |capability, info| {
                let again = scope.worker().activator_for(Rc::clone(&info.address));
                let mut capability = Some(capability);
                let mut worker = KeyedWorker::new(name, index, operator);
                move |(input, frontier), output| {
                    input.for_each(|time, data| worker.gather(*time.time(), data));
                    let Some(held) = capability.as_mut() else {
                        return;
                    };
                    let frontier = frontier.frontier().first().copied();
                    let mut fired = 0;
                    while let Some((time, mut outputs)) =
                        worker.advance(frontier, *held.time(), &mut fired)
                    {
                        held.downgrade(&time);
                        output.session(held).give_container(&mut outputs);
                    }
                    match frontier {
                        _ if fired >= TIMERS_PER_STEP => again.activate(),
                        Some(frontier) => held.downgrade(&frontier),
                        None => capability = None,
                    }
                }
            },
        )
    }
}

fn routed_of<O: Operator>(input: Input, route: Route<O>) -> Vec<Routed<O>> {
    match input {
        Input::Restored(restored) => vec![restored_of(&restored)],
        Input::Record(record) => events_of(&record, route),
    }
}

/// What was remembered, for its operator. A state that this version of the program cannot read is no record's fault and no
/// accident: whoever started anew would meet it again.
fn restored_of<O: Operator>(row: &Restored) -> Routed<O> {
    let read = contained(|| {
        let key = row
            .key
            .parse()
            .map_err(|_| Reject("the key is none of its keys".into()))?;
        let state: O::State =
            serde_json::from_str(&row.state).map_err(|error| Reject(error.to_string()))?;
        Ok((key, state))
    });
    match read {
        Ok((key, state)) => Routed::Restored { key, state },
        Err(Reject(why)) => Routed::Unreadable {
            key: row.key.clone(),
            error: unreadable(&row.operator, &row.key, &why),
        },
    }
}

fn unreadable(operator: &str, key: &str, why: &str) -> String {
    format!(
        "what the operator \"{operator}\" remembers of \"{key}\" cannot be read: {why}; run the version of Millstream that \
         wrote it, or make the view anew with \"millstream rebuild\""
    )
}

fn events_of<O: Operator>(record: &Record, route: Route<O>) -> Vec<Routed<O>> {
    let (seq, at) = (record.seq, record.at);
    match contained(|| route(record)) {
        Ok(events) => (0..)
            .zip(events)
            .map(|(place, (key, event))| Routed::Event {
                seq,
                place,
                at,
                key,
                event,
            })
            .collect(),
        Err(reject) => {
            vec![Routed::Refused {
                seq,
                at,
                key: record.key.to_string(),
                error: reject.0,
            }]
        }
    }
}

fn by_operator_key<O: Operator>(routed: &Routed<O>) -> u64 {
    match routed {
        Routed::Restored { key, .. } | Routed::Event { key, .. } => stable_hash(key),
        Routed::Refused { key, .. } | Routed::Unreadable { key, .. } => stable_hash(key),
    }
}

/// The operator on one worker: its keys, and the epochs that are not closed yet.
struct KeyedWorker<O: Operator> {
    name: &'static str,
    index: usize,
    keys: KeyStates<O>,
    pending: BTreeMap<Clockwork, Vec<Routed<O>>>,
    /// The time behind which timers are due: that of the last closed epoch or tick.
    now: Clockwork,
    told_due: Option<Clockwork>,
}

impl<O: Operator> KeyedWorker<O> {
    fn new(name: &'static str, index: usize, operator: O) -> Self {
        let keys = KeyStates::new(operator);
        Self {
            name,
            index,
            keys,
            pending: BTreeMap::new(),
            now: 0,
            told_due: None,
        }
    }

    fn gather(&mut self, time: Clockwork, data: &mut Vec<Routed<O>>) {
        self.pending.entry(time).or_default().append(data);
    }

    /// The next piece of work that the frontier allows: a closed epoch with the timers behind it, some timers that time
    /// alone made due, or a word on when the next one is. `None` when there is nothing (more) to do now.
    fn advance(
        &mut self,
        frontier: Option<Clockwork>,
        held: Clockwork,
        fired: &mut usize,
    ) -> Option<(Clockwork, Vec<Output<O::Out>>)> {
        let mut outputs = Vec::new();
        let closed = |time: Clockwork| frontier.is_none_or(|frontier| time < frontier);
        if *fired >= TIMERS_PER_STEP {
            return None;
        }
        if let Some(epoch) = self.pending.first_entry().filter(|e| closed(*e.key())) {
            let (time, routed) = epoch.remove_entry();
            self.epoch(routed, &mut outputs);
            self.now = self.now.max(time);
            return Some((time.max(held), outputs));
        }
        // At the end of the input there is no frontier, and no time passes any more.
        let now = frontier.map_or(self.now, |frontier| frontier.saturating_sub(1));
        self.now = self.now.max(now);
        if let Some((due, key)) = self.keys.due_by(self.now) {
            *fired += 1;
            let called = self.keys.timer(&key, due);
            self.tell(
                &mut outputs,
                LATER,
                Phase::After,
                from_micros(due),
                &key,
                called,
            );
            return Some((due.max(held), outputs));
        }
        let due = self.keys.next_due();
        if due != self.told_due && frontier.is_some() {
            self.told_due = due;
            outputs.push(self.due_output(due));
            return Some((held, outputs));
        }
        None
    }

    fn epoch(&mut self, mut routed: Vec<Routed<O>>, outputs: &mut Vec<Output<O::Out>>) {
        // Several workers routed; the log's order is what counts.
        routed.sort_by_key(|routed| match routed {
            Routed::Restored { .. } | Routed::Unreadable { .. } => (0, 0),
            Routed::Event { seq, place, .. } => (*seq, *place),
            Routed::Refused { seq, .. } => (*seq, 0),
        });
        for routed in routed {
            match routed {
                Routed::Restored { key, state } => {
                    let restored = contained(|| {
                        self.keys.restore(&key, state);
                        Ok(())
                    });
                    if let Err(Reject(why)) = restored {
                        let error = unreadable(self.name, &key.to_string(), &why);
                        outputs.push(alone(LATER, from_micros(self.now), Kind::Halt { error }));
                    }
                }
                Routed::Event {
                    seq,
                    place,
                    at,
                    key,
                    event,
                } => {
                    self.overdue(outputs, seq, at, &key);
                    let called = self.keys.event(&key, at, event);
                    let from = outputs.len();
                    self.tell(outputs, seq, Phase::Record, at, &key, called);
                    // One record may concern several keys: their outputs follow each other.
                    outputs[from..]
                        .iter_mut()
                        .for_each(|o| o.place += place * PLACES_PER_KEY);
                }
                Routed::Refused {
                    seq,
                    at,
                    key,
                    error,
                } => outputs.push(alone(seq, at, Kind::Dead { key, error })),
                Routed::Unreadable { error, .. } => {
                    outputs.push(alone(LATER, from_micros(self.now), Kind::Halt { error }));
                }
            }
        }
    }

    /// Fires the key's own timer as long as it was due before this event.
    fn overdue(
        &mut self,
        outputs: &mut Vec<Output<O::Out>>,
        seq: Seq,
        at: DateTime<Utc>,
        key: &O::Key,
    ) {
        while let Some(due) = self.keys.due_of(key).filter(|due| *due <= micros(at)) {
            let called = self.keys.timer(key, due);
            self.tell(outputs, seq, Phase::Before, from_micros(due), key, called);
        }
    }

    fn tell(
        &self,
        outputs: &mut Vec<Output<O::Out>>,
        seq: Seq,
        phase: Phase,
        at: DateTime<Utc>,
        key: &O::Key,
        called: Result<Called<O>, Reject>,
    ) {
        let kinds = match called {
            Ok(called) => {
                let state = match called.state {
                    StateChange::Same => None,
                    StateChange::Now(state) => Some(self.state_kind(key, Some(&state))),
                    StateChange::Gone => Some(self.state_kind(key, None)),
                };
                called
                    .effects
                    .into_iter()
                    .map(Kind::Effect)
                    .chain(state)
                    .collect()
            }
            Err(reject) => vec![Kind::Dead {
                key: key.to_string(),
                error: reject.0,
            }],
        };
        let turn = match phase {
            Phase::Record => 0,
            Phase::Before | Phase::After => stable_hash(key),
        };
        outputs.extend((0..).zip(kinds).map(|(place, kind)| Output {
            seq,
            phase,
            at,
            turn,
            place,
            kind,
        }));
    }

    fn state_kind(&self, key: &O::Key, state: Option<&O::State>) -> Kind<O::Out> {
        let state = state.map(|state| {
            serde_json::to_string(state)
                .expect("states are plain data, which always has a JSON form")
        });
        Kind::State {
            operator: self.name.to_owned(),
            key: key.to_string(),
            state,
        }
    }

    fn due_output(&self, due: Option<Clockwork>) -> Output<O::Out> {
        let kind = Kind::Due {
            worker: self.index,
            due,
        };
        Output {
            seq: LATER,
            phase: Phase::After,
            turn: 0,
            at: from_micros(self.now),
            place: 0,
            kind,
        }
    }
}

/// The only output of a record, or of what is none.
fn alone<I>(seq: Seq, at: DateTime<Utc>, kind: Kind<I>) -> Output<I> {
    Output {
        seq,
        phase: Phase::Record,
        turn: 0,
        at,
        place: 0,
        kind,
    }
}

/// Stands for the last record of the epochs up to a timer, which only the committer knows.
const LATER: Seq = 0;

/// How many outputs of one key can stand before those of the next at the same record; more would only share places.
const PLACES_PER_KEY: u32 = 1 << 16;
