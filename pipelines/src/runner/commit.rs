//! From outputs to a commit: sorted into the order of the log, merged, and cut in halves when a sink refuses it.

use crate::dataflow::output::{Kind, Output};
use crate::sink::{Commit, DeadLetter, Effect, StateRow};
use millstream_event_log::{Cut, Seq};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Outputs that are to be committed, in the order of the log, and the cut behind them.
#[derive(Debug)]
pub(super) struct Pile<I> {
    outputs: Vec<Output<I>>,
    pub(super) cut: Cut,
}

impl<I: Clone> Pile<I> {
    pub(super) fn new(mut outputs: Vec<Output<I>>, cut: Cut) -> Self {
        outputs.sort_by_key(Output::order);
        Self { outputs, cut }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// How many outputs.
    pub(super) fn len(&self) -> usize {
        self.outputs.len()
    }

    /// The refused records in it.
    pub(super) fn dead(&self) -> impl Iterator<Item = (Seq, &str)> {
        self.outputs.iter().filter_map(|output| match &output.kind {
            Kind::Dead { error, .. } => Some((output.seq, error.as_str())),
            Kind::Effect(_) | Kind::State { .. } | Kind::Halt { .. } | Kind::Due { .. } => None,
        })
    }

    /// What keeps all of it from going on, if something does.
    pub(super) fn halt(&self) -> Option<&str> {
        self.outputs.iter().find_map(|output| match &output.kind {
            Kind::Halt { error } => Some(error.as_str()),
            Kind::Effect(_) | Kind::State { .. } | Kind::Dead { .. } | Kind::Due { .. } => None,
        })
    }

    /// What stands before `seq`.
    pub(super) fn before(mut self, seq: Seq) -> Self {
        self.outputs.retain(|output| output.seq < seq);
        Self {
            outputs: self.outputs,
            cut: Cut::at(seq.saturating_sub(1)).min(self.cut),
        }
    }

    /// Two piles, split between records; `Err` when it is all of one record.
    pub(super) fn halve(self) -> Result<(Self, Self), Self> {
        let (first, last) = match (self.outputs.first(), self.outputs.last()) {
            (Some(first), Some(last)) if first.seq < last.seq => (first.seq, last.seq),
            _ => return Err(self),
        };
        let middle = self.outputs[self.outputs.len() / 2].seq;
        // Never an empty half.
        let split = if middle == first {
            first + 1
        } else {
            middle.min(last)
        };
        let mut left = self.outputs;
        let right = left.split_off(left.partition_point(|output| output.seq < split));
        // The cut may already be behind it: outputs of timers stand at records that were committed before.
        let between = Cut::at(split - 1).min(self.cut);
        Ok((
            Self {
                outputs: left,
                cut: between,
            },
            Self {
                outputs: right,
                cut: self.cut,
            },
        ))
    }

    /// The same without effects: a dead letter in their place. What operators remember stays, because they already do.
    pub(super) fn refused(self, error: &str) -> Self {
        let Some(first) = self.outputs.first() else {
            return self;
        };
        let letter = Output {
            kind: Kind::Dead {
                key: String::new(),
                error: error.to_owned(),
            },
            ..first.clone()
        };
        let states = self
            .outputs
            .into_iter()
            .filter(|output| matches!(output.kind, Kind::State { .. }));
        Self {
            outputs: std::iter::once(letter).chain(states).collect(),
            cut: self.cut,
        }
    }

    /// What a sink is given.
    pub(super) fn commit(&self) -> Commit<I> {
        let mut commit = Commit {
            effects: Vec::new(),
            states: Vec::new(),
            dead: Vec::new(),
            taken: Vec::new(),
            cut: self.cut,
        };
        let mut states = BTreeMap::new();
        for output in &self.outputs {
            let (seq, at) = (output.seq, output.at);
            match &output.kind {
                Kind::Effect(item) => commit.effects.push(Effect {
                    seq,
                    at,
                    item: item.clone(),
                }),
                Kind::State {
                    operator,
                    key,
                    state,
                } => {
                    states.insert((operator, key), state);
                }
                Kind::Dead { key, error } => {
                    commit.dead.push(DeadLetter {
                        seq,
                        key: key.clone(),
                        error: error.clone(),
                        at,
                    });
                }
                Kind::Halt { .. } | Kind::Due { .. } => {}
            }
        }
        commit.states = states
            .into_iter()
            .map(|((operator, key), state)| row(operator, key, state.as_deref()))
            .collect();
        commit
    }
}

fn row(operator: &str, key: &str, state: Option<&str>) -> StateRow {
    let state = state.map(|text| {
        RawValue::from_string(text.to_owned()).expect("the operator wrote it as JSON a moment ago")
    });
    StateRow {
        operator: operator.to_owned(),
        key: key.to_owned(),
        state,
    }
}
