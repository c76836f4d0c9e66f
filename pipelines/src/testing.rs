//! For tests, here and in other crates: operators and pipelines without threads, clocks or databases.
//!
//! - [`Played`] calls an operator with one event at a time.
//! - [`Naked`] runs a whole pipeline on one timely worker, in this thread, in virtual time.
//! - [`MemorySink`] and [`FreeLease`] stand in for a database, with the same promises: all or nothing, and fenced.

mod memory;
mod naked;

pub use memory::{FreeLease, Kept, MemorySink};
pub use naked::{Closed, Naked};

use crate::operator::{Context, Operator, Reject};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// An operator and what it remembers, called by hand.
#[derive(Debug)]
pub struct Played<O: Operator> {
    operator: O,
    states: BTreeMap<O::Key, O::State>,
}

impl<O: Operator> Played<O> {
    /// An operator that remembers nothing yet.
    pub fn new(operator: O) -> Self {
        Self {
            operator,
            states: BTreeMap::new(),
        }
    }

    /// An event; answers with its effects. A refused one changes nothing.
    pub fn event(
        &mut self,
        key: &O::Key,
        at: DateTime<Utc>,
        event: O::In,
    ) -> Result<Vec<O::Out>, Reject> {
        let mut state = self.states.get(key).cloned().unwrap_or_default();
        let mut cx = Context::new(at);
        self.operator.event(&mut cx, key, &mut state, event)?;
        if state == O::State::default() {
            self.states.remove(key);
        } else {
            self.states.insert(key.clone(), state);
        }
        Ok(cx.into_effects())
    }

    /// How many keys it remembers something about.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.states.len()
    }
}
