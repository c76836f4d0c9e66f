//! A seeded world of appends, reads of random size, passing time, lost acknowledgements, crashes and second owners, around
//! a transactional store in memory. Whatever happened, the store holds what a plain fold over the log gives.

use crate::counter::{BAD, FATAL, Said, by_key, counter, fold, record};
use chrono::{DateTime, Utc};
use millstream_event_log::testing::at;
use millstream_event_log::{Cut, Record};
use millstream_pipelines::sink::StateRow;
use millstream_pipelines::testing::{Closed, Naked};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What a database would hold.
#[derive(Default)]
struct Kept {
    effects: Vec<Said>,
    dead: Vec<u64>,
    states: BTreeMap<(String, String), String>,
    cut: Cut,
    generation: u64,
}

impl Kept {
    /// All or nothing, and only for the newest owner. Answers whether it was written.
    fn commit(&mut self, generation: u64, closed: &Closed<Said>) -> bool {
        if generation != self.generation {
            return false;
        }
        self.effects
            .extend(closed.effects.iter().map(|(_, _, item)| item.clone()));
        self.dead.extend(closed.dead.iter().map(|(seq, _)| *seq));
        for (operator, key, state) in &closed.states {
            let place = (operator.clone(), key.clone());
            match state {
                Some(state) => self.states.insert(place, state.clone()),
                None => self.states.remove(&place),
            };
        }
        self.cut = closed.cut.unwrap_or(self.cut);
        true
    }
}

/// One owner of the pipeline: a runtime, and how far it has read.
struct Owner {
    naked: Naked<Said>,
    read: usize,
    generation: u64,
}

impl Owner {
    fn open(kept: &mut Kept) -> Self {
        kept.generation += 1;
        let rows = kept.states.iter().map(|((operator, key), state)| StateRow {
            operator: operator.clone(),
            key: key.clone(),
            state: Some(RawValue::from_string(state.clone()).unwrap()),
        });
        let naked = Naked::new(&counter(), rows.collect());
        Self {
            naked,
            read: usize::try_from(kept.cut.seq).unwrap(),
            generation: kept.generation,
        }
    }

    /// Reads some records, with the clock that the reader would show.
    fn read(&mut self, log: &[Record], most: usize, now: DateTime<Utc>) {
        let end = (self.read + most).min(log.len());
        let records = log[self.read..end].to_vec();
        let Some(last) = records.last().map(|r| r.at) else {
            return;
        };
        self.naked
            .records(records, if end == log.len() { now } else { last });
        self.read = end;
    }
}

struct World {
    rng: ChaCha8Rng,
    log: Vec<Record>,
    now: u64,
    kept: Kept,
    owners: Vec<Owner>,
    steps: BTreeMap<&'static str, usize>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut kept = Kept::default();
        let owners = vec![Owner::open(&mut kept)];
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            log: vec![],
            now: 0,
            kept,
            owners,
            steps: BTreeMap::new(),
        }
    }

    fn step(&mut self) {
        let owner = self.rng.random_range(0..self.owners.len());
        let name = match self.rng.random_range(0..100) {
            0..35 => self.append(),
            35..60 => self.read(owner),
            60..70 => self.tick(owner),
            70..90 => self.commit(owner),
            90..94 => self.lost_acknowledgement(owner),
            94..98 => self.crash(owner),
            _ => self.second_owner(),
        };
        *self.steps.entry(name).or_default() += 1;
    }

    fn append(&mut self) -> &'static str {
        self.now += self.rng.random_range(0..40);
        let word = match self.rng.random_range(0..30) {
            0 => BAD,
            1 => FATAL,
            _ => "a",
        };
        let mut record = record(self.log.len() as u64 + 1, self.rng.random_range(0..6), word);
        record.at = at(i64::try_from(self.now).unwrap());
        self.log.push(record);
        "append"
    }

    fn read(&mut self, owner: usize) -> &'static str {
        let (most, now) = (
            self.rng.random_range(1..8),
            at(i64::try_from(self.now).unwrap()),
        );
        self.owners[owner].read(&self.log, most, now);
        "read"
    }

    fn tick(&mut self, owner: usize) -> &'static str {
        // Only at the end of the log does the reader let time pass.
        if self.owners[owner].read == self.log.len() {
            self.now += self.rng.random_range(0..100);
            self.owners[owner]
                .naked
                .tick(at(i64::try_from(self.now).unwrap()));
        }
        "tick"
    }

    fn commit(&mut self, owner: usize) -> &'static str {
        let closed = self.owners[owner].naked.settle();
        if !self.kept.commit(self.owners[owner].generation, &closed) {
            self.owners.remove(owner);
            self.ensure_an_owner();
            return "fenced";
        }
        "commit"
    }

    /// Written, but the owner never learns of it, and starts anew.
    fn lost_acknowledgement(&mut self, owner: usize) -> &'static str {
        self.commit(owner);
        if owner < self.owners.len() {
            self.crash(owner);
        }
        "lost"
    }

    fn crash(&mut self, owner: usize) -> &'static str {
        self.owners.remove(owner);
        self.ensure_an_owner();
        "crash"
    }

    fn second_owner(&mut self) -> &'static str {
        let second = Owner::open(&mut self.kept);
        self.owners.push(second);
        "second owner"
    }

    fn ensure_an_owner(&mut self) {
        if self.owners.is_empty() {
            let next = Owner::open(&mut self.kept);
            self.owners.push(next);
        }
    }

    /// The newest owner reads everything, time passes, and all is committed.
    fn finish(&mut self) -> DateTime<Utc> {
        let mut owner = Owner::open(&mut self.kept);
        let end = at(i64::try_from(self.now).unwrap() + 10_000);
        owner.read(
            &self.log,
            usize::MAX / 2,
            at(i64::try_from(self.now).unwrap()),
        );
        owner.naked.tick(end);
        let closed = owner.naked.settle();
        assert!(self.kept.commit(owner.generation, &closed));
        end
    }
}

#[test]
fn whatever_happens_the_store_holds_what_a_fold_over_the_log_gives() {
    let mut all: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 0..300 {
        let mut world = World::new(seed);
        for _ in 0..150 {
            world.step();
        }
        let end = world.finish();
        assert_eq!(
            by_key(&world.kept.effects),
            nonempty(fold(&world.log, end)),
            "seed {seed}"
        );
        let mut dead = world.kept.dead.clone();
        dead.sort_unstable();
        let bad: Vec<u64> = world
            .log
            .iter()
            .filter(|r| is_bad(r))
            .map(|r| r.seq)
            .collect();
        assert_eq!(dead, bad, "seed {seed}");
        assert_eq!(world.kept.cut.seq, world.log.len() as u64, "seed {seed}");
        for (name, count) in world.steps {
            *all.entry(name).or_default() += count;
        }
    }
    for name in [
        "append",
        "read",
        "tick",
        "commit",
        "fenced",
        "lost",
        "crash",
        "second owner",
    ] {
        assert!(
            all.get(name).is_some_and(|count| *count > 100),
            "{name} hardly ever happened: {all:?}"
        );
    }
}

fn is_bad(record: &Record) -> bool {
    record.data.get().contains("\"bad\"") || record.data.get().contains("\"fatal\"")
}

fn nonempty<K: Ord, V>(all: BTreeMap<K, Vec<V>>) -> BTreeMap<K, Vec<V>> {
    all.into_iter()
        .filter(|(_, said)| !said.is_empty())
        .collect()
}
