//! Operators: the pure heart of a pipeline. State per key, events in, effects out, and a timer per key that is a
//! function of its state: the keyed process function of Flink and Arroyo.
//!
//! *Invariant:* no I/O, no clock, no randomness. `event` sees only the record's own time, `timer` its due time, so a
//! replay gives what live gave.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::str::FromStr;

/// The record cannot be processed; it becomes a dead letter and the key's state stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reject(pub String);

/// What an operator is given beside the event: its time, and where effects go.
#[derive(Debug)]
pub struct Context<Out> {
    at: DateTime<Utc>,
    effects: Vec<Out>,
}

impl<Out> Context<Out> {
    /// A context for the time `at`.
    #[must_use]
    pub fn new(at: DateTime<Utc>) -> Self {
        Self {
            at,
            effects: Vec::new(),
        }
    }

    /// The record's own time, or the time at which the timer was due. Never the wall clock.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Emits an effect.
    pub fn emit(&mut self, effect: Out) {
        self.effects.push(effect);
    }

    /// What was emitted, in order.
    #[must_use]
    pub fn into_effects(self) -> Vec<Out> {
        self.effects
    }
}

/// A keyed operator. Each key's events come one at a time and in the order of the log.
pub trait Operator: Clone + Send + Sync + 'static {
    /// What state is kept per: ordered, and written as text.
    type Key: Clone
        + Debug
        + Display
        + FromStr
        + Hash
        + Ord
        + Send
        + Serialize
        + DeserializeOwned
        + 'static;
    /// An event as the operator sees it.
    type In: Clone + Debug + Send + Serialize + DeserializeOwned + 'static;
    /// An effect.
    type Out: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static;
    /// What is remembered about a key. A state equal to the default takes no room.
    type State: Clone + Debug + Default + PartialEq + Serialize + DeserializeOwned + Send + 'static;

    /// An event of a key.
    fn event(
        &self,
        cx: &mut Context<Self::Out>,
        key: &Self::Key,
        state: &mut Self::State,
        event: Self::In,
    ) -> Result<(), Reject>;

    /// When this state wants [`Operator::timer`] to be called.
    fn due(&self, _state: &Self::State) -> Option<DateTime<Utc>> {
        None
    }

    /// The time that [`Operator::due`] gave has come. It must change the state so that `due` moves on.
    fn timer(
        &self,
        _cx: &mut Context<Self::Out>,
        _key: &Self::Key,
        _state: &mut Self::State,
    ) -> Result<(), Reject> {
        Ok(())
    }
}
