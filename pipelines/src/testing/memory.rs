//! A sink in memory, transactional and fenced like the real ones, that can be told to fail.

use crate::sink::{
    Commit, DeadLetter, Effect, Fault, Generation, Health, Lease, Resume, Sink, StateRow,
};
use millstream_event_log::{Cut, Seq};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a memory sink keeps.
#[derive(Debug)]
pub struct Kept<I> {
    /// All effects that were committed, in order.
    pub effects: Vec<Effect<I>>,
    /// All dead letters.
    pub dead: Vec<DeadLetter>,
    /// The states, by operator and key.
    pub states: BTreeMap<(String, String), Box<RawValue>>,
    /// The cut.
    pub cut: Cut,
    /// The newest generation.
    pub generation: Generation,
    /// How many commits there were.
    pub commits: usize,
    /// Faults that the next commits answer with, before anything is written.
    pub faults: VecDeque<Fault>,
    /// Faults that the next commits answer with after all was written: the acknowledgement is lost.
    pub lost: VecDeque<Fault>,
}

impl<I> Default for Kept<I> {
    fn default() -> Self {
        Self {
            effects: Vec::new(),
            dead: Vec::new(),
            states: BTreeMap::new(),
            cut: Cut::START,
            generation: Generation(0),
            commits: 0,
            faults: VecDeque::new(),
            lost: VecDeque::new(),
        }
    }
}

/// A sink in memory. Clones share what is kept, as two owners share a database.
#[derive(Debug)]
pub struct MemorySink<I> {
    kept: Arc<Mutex<Kept<I>>>,
    generation: Generation,
}

impl<I> Default for MemorySink<I> {
    fn default() -> Self {
        Self {
            kept: Arc::default(),
            generation: Generation(0),
        }
    }
}

impl<I> Clone for MemorySink<I> {
    fn clone(&self) -> Self {
        Self {
            kept: Arc::clone(&self.kept),
            generation: self.generation,
        }
    }
}

impl<I> MemorySink<I> {
    /// What is kept.
    pub fn kept(&self) -> MutexGuard<'_, Kept<I>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I: Clone + Send + Sync + 'static> Sink for MemorySink<I> {
    type Item = I;

    async fn open(&mut self, generation: Generation) -> Result<Resume, Fault> {
        self.generation = generation;
        let mut kept = self.kept();
        if kept.generation > generation {
            return Err(Fault::Fenced);
        }
        kept.generation = generation;
        let states = kept.states.iter().map(|((operator, key), state)| StateRow {
            operator: operator.clone(),
            key: key.clone(),
            state: Some(state.clone()),
        });
        Ok(Resume {
            cut: kept.cut,
            states: states.collect(),
        })
    }

    async fn refused(&mut self) -> Result<BTreeSet<Seq>, Fault> {
        Ok(self.kept().dead.iter().map(|letter| letter.seq).collect())
    }

    async fn commit(&mut self, commit: &Commit<I>) -> Result<(), Fault> {
        let mut kept = self.kept();
        if let Some(fault) = kept.faults.pop_front() {
            return Err(fault);
        }
        if kept.generation != self.generation {
            return Err(Fault::Fenced);
        }
        // A repeat of what was written, after a lost acknowledgement.
        if commit.cut <= kept.cut && !commit.effects.is_empty() && repeated(&kept, commit) {
            return Ok(());
        }
        kept.commits += 1;
        kept.effects.extend(commit.effects.iter().cloned());
        for letter in &commit.dead {
            kept.dead.retain(|known| known.seq != letter.seq);
            kept.dead.push(letter.clone());
        }
        kept.dead.retain(|known| !commit.taken.contains(&known.seq));
        for row in &commit.states {
            let key = (row.operator.clone(), row.key.clone());
            match &row.state {
                Some(state) => kept.states.insert(key, state.clone()),
                None => kept.states.remove(&key),
            };
        }
        kept.cut = kept.cut.max(commit.cut);
        kept.lost.pop_front().map_or(Ok(()), Err)
    }
}

fn repeated<I>(kept: &Kept<I>, commit: &Commit<I>) -> bool {
    let written: Vec<_> = kept
        .effects
        .iter()
        .rev()
        .take(commit.effects.len())
        .rev()
        .map(|e| (e.seq, e.at))
        .collect();
    let wanted: Vec<_> = commit.effects.iter().map(|e| (e.seq, e.at)).collect();
    written == wanted
}

/// A lease that is always to be had, and raises the generation each time.
#[derive(Debug, Clone, Default)]
pub struct FreeLease {
    generation: Arc<Mutex<i64>>,
    reports: Arc<Mutex<Vec<Health>>>,
    /// How many reports are not heard yet.
    deaf: Arc<Mutex<usize>>,
    /// Whether somebody wants a pipeline that has halted to try again.
    wanted: Arc<Mutex<bool>>,
}

impl FreeLease {
    /// The next reports, so many, are not heard.
    pub fn be_deaf(&self, reports: usize) {
        *self.deaf.lock().unwrap_or_else(PoisonError::into_inner) = reports;
    }

    /// A pipeline that has halted is to try again.
    pub fn resume(&self) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// A lease whose next generation comes after this one.
    #[must_use]
    pub fn after(generation: Generation) -> Self {
        Self {
            generation: Arc::new(Mutex::new(generation.0)),
            ..Self::default()
        }
    }

    /// What the pipeline said of itself, in order.
    #[must_use]
    pub fn reports(&self) -> Vec<Health> {
        self.reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Lease for FreeLease {
    async fn acquire(&mut self) -> Result<Option<Generation>, Fault> {
        let mut generation = self
            .generation
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *generation += 1;
        Ok(Some(Generation(*generation)))
    }

    async fn renew(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    async fn release(&mut self) {}

    async fn report(&mut self, health: &Health) -> Result<(), Fault> {
        let deaf = &mut *self.deaf.lock().unwrap_or_else(PoisonError::into_inner);
        if *deaf > 0 {
            *deaf -= 1;
            return Err(Fault::Transient("nobody listens".into()));
        }
        self.reports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(health.clone());
        Ok(())
    }

    async fn resumed(&mut self) -> Result<bool, Fault> {
        let wanted = &mut *self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(wanted))
    }
}
