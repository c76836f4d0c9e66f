//! What a keyed operator remembers, and the timers that follow from it.
//!
//! Timers are a function of state (`due`), rebuilt when a state is loaded and never stored. A key has at most one.

use super::guard::contained;
use super::{Clockwork, from_micros, micros};
use crate::operator::{Context, Operator, Reject};
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The states of the keys of one worker.
pub(super) struct KeyStates<O: Operator> {
    operator: O,
    entries: BTreeMap<O::Key, Entry<O::State>>,
    timers: BTreeSet<(Clockwork, O::Key)>,
}

struct Entry<S> {
    state: S,
    /// When its timer is set to; kept beside the set so that it can be found there.
    armed: Option<Clockwork>,
}

/// What became of a state.
pub(super) enum StateChange<S> {
    /// Nothing.
    Same,
    /// It is this now.
    Now(S),
    /// It is the default again, which takes no room.
    Gone,
}

/// What one call did.
pub(super) struct Called<O: Operator> {
    pub(super) effects: Vec<O::Out>,
    /// What became of the key's state.
    pub(super) state: StateChange<O::State>,
}

impl<O: Operator> KeyStates<O> {
    pub(super) fn new(operator: O) -> Self {
        Self {
            operator,
            entries: BTreeMap::new(),
            timers: BTreeSet::new(),
        }
    }

    /// Puts back what was remembered before the start.
    pub(super) fn restore(&mut self, key: &O::Key, state: O::State) {
        self.put(key, state);
    }

    /// The earliest timer.
    pub(super) fn next_due(&self) -> Option<Clockwork> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The earliest timer's key, if it is due by `now`.
    pub(super) fn due_by(&self, now: Clockwork) -> Option<(Clockwork, O::Key)> {
        self.timers.first().filter(|(due, _)| *due <= now).cloned()
    }

    /// When the key's own timer is due.
    pub(super) fn due_of(&self, key: &O::Key) -> Option<Clockwork> {
        self.entries.get(key)?.armed
    }

    /// An event of the key.
    pub(super) fn event(
        &mut self,
        key: &O::Key,
        at: DateTime<Utc>,
        event: O::In,
    ) -> Result<Called<O>, Reject> {
        let operator = self.operator.clone();
        self.call(key, at, |cx, state| operator.event(cx, key, state, event))
    }

    /// The key's timer, which was due at `due`. A timer that fails, or that does not move on, is disarmed until an event
    /// changes the state: it would otherwise fire for ever.
    pub(super) fn timer(&mut self, key: &O::Key, due: Clockwork) -> Result<Called<O>, Reject> {
        let operator = self.operator.clone();
        let at = from_micros(due);
        let called = self.call(key, at, |cx, state| {
            operator.timer(cx, key, state)?;
            match operator.due(state) {
                Some(next) if micros(next) <= due => {
                    Err(Reject(format!("the timer due at {at} did not move on")))
                }
                Some(_) | None => Ok(()),
            }
        });
        if called.is_err() {
            self.disarm(key);
        }
        called
    }

    /// Runs `work` on a clone of the state, and keeps the clone only if it went well.
    fn call(
        &mut self,
        key: &O::Key,
        at: DateTime<Utc>,
        work: impl FnOnce(&mut Context<O::Out>, &mut O::State) -> Result<(), Reject>,
    ) -> Result<Called<O>, Reject> {
        let before = self
            .entries
            .get(key)
            .map(|entry| entry.state.clone())
            .unwrap_or_default();
        let (effects, after) = contained(|| {
            let mut cx = Context::new(at);
            let mut state = before.clone();
            work(&mut cx, &mut state)?;
            Ok((cx.into_effects(), state))
        })?;
        let state = match () {
            () if after == before => StateChange::Same,
            () if after == O::State::default() => StateChange::Gone,
            () => StateChange::Now(after.clone()),
        };
        if !matches!(state, StateChange::Same) {
            self.put(key, after);
        }
        Ok(Called { effects, state })
    }

    fn put(&mut self, key: &O::Key, state: O::State) {
        self.disarm(key);
        if state == O::State::default() {
            self.entries.remove(key);
            return;
        }
        let armed = self.operator.due(&state).map(micros);
        if let Some(due) = armed {
            self.timers.insert((due, key.clone()));
        }
        self.entries.insert(key.clone(), Entry { state, armed });
    }

    fn disarm(&mut self, key: &O::Key) {
        if let Some(due) = self
            .entries
            .get_mut(key)
            .and_then(|entry| entry.armed.take())
        {
            self.timers.remove(&(due, key.clone()));
        }
    }
}
