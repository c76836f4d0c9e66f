//! Partitions, repeats and gaps from a seed, against the plain log.

use super::{HELD_BYTES_MAX, HELD_RECORDS_MAX, Merge};
use crate::testing::{epoch, record};
use crate::{Budget, Cut, Event, Record, Seq};
use std::collections::VecDeque;

const PLENTY: Budget = Budget {
    records: usize::MAX,
    bytes: usize::MAX,
};

/// A small generator, the same for each seed (Knuth's MMIX constants): the crate has no other use for one.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

fn log(len: Seq) -> Vec<Record> {
    let samples = Event::samples();
    let event = |seq: Seq| samples[usize::try_from(seq).unwrap() % samples.len()].clone();
    (1..=len).map(|seq| record(seq, event(seq))).collect()
}

fn seqs(records: &[Record]) -> Vec<Seq> {
    records.iter().map(|record| record.seq).collect()
}

/// What stands in the partitions: some records lost, some stretches of the log written again, as a mirror does that went
/// back to an older cut.
fn partitions(log: &[Record], count: u64, random: &mut Seeded) -> Vec<VecDeque<Record>> {
    let mut partitions = vec![VecDeque::new(); usize::try_from(count).unwrap()];
    let mut at = 0;
    while at < log.len() {
        let len = 1 + usize::try_from(random.below(40)).unwrap();
        let end = (at + len).min(log.len());
        for record in &log[at..end] {
            if random.below(20) > 0 {
                let key = record.seq.wrapping_mul(2_654_435_761) >> 7;
                partitions[usize::try_from(key % count).unwrap()].push_back(record.clone());
            }
        }
        let back = usize::try_from(random.below(15)).unwrap();
        at = if random.below(3) == 0 {
            end.saturating_sub(back.min(len - 1)).max(1)
        } else {
            end
        };
    }
    partitions
}

/// Reads all of it as a reader does: what comes, in any interleaving; what does not come, from the log.
fn read(log: &[Record], mut partitions: Vec<VecDeque<Record>>, random: &mut Seeded) -> Vec<Record> {
    let mut merge = Merge::behind(Cut::START);
    let mut seen = Vec::new();
    let tail = log.len() as Seq;
    while merge.cut().seq < tail {
        let chosen = usize::try_from(random.below(partitions.len() as u64)).unwrap();
        for _ in 0..random.below(30).min(merge.room(chosen) as u64) {
            if let Some(record) = partitions[chosen].pop_front() {
                merge.offer(chosen, record);
            }
        }
        let budget = Budget {
            records: usize::try_from(random.below(50)).unwrap(),
            ..PLENTY
        };
        seen.extend(merge.take(budget, tail));
        let nothing_comes = partitions.iter().all(VecDeque::is_empty);
        if nothing_comes && !merge.has_next() {
            let from = usize::try_from(merge.cut().seq).unwrap();
            let missing = merge.gap().unwrap_or(tail - merge.cut().seq);
            let to = from + usize::try_from(missing).unwrap();
            seen.extend_from_slice(&log[from..to]);
            merge.pass(Cut::at(to as Seq));
        }
    }
    seen
}

#[test]
fn whatever_comes_in_whatever_order_is_the_log_again() {
    let log = log(400);
    for seed in 0..300 {
        let mut random = Seeded(seed);
        let count = 1 + random.below(6);
        let partitions = partitions(&log, count, &mut random);
        let seen = read(&log, partitions, &mut random);
        assert_eq!(seen, log, "seed {seed}");
    }
}

#[test]
fn a_mirror_that_holds_nothing_any_more_is_read_from_the_log() {
    let log = log(50);
    let wiped = vec![VecDeque::new(); 4];
    assert_eq!(read(&log, wiped, &mut Seeded(1)), log);
}

#[test]
fn repeats_are_dropped_before_and_after_they_were_given_out() {
    let log = log(4);
    let mut merge = Merge::behind(Cut::START);
    merge.offer(0, log[1].clone());
    merge.offer(1, log[1].clone());
    assert_eq!(merge.gap(), Some(1));
    assert!(merge.take(PLENTY, 4).is_empty());
    merge.offer(0, log[0].clone());
    assert_eq!(seqs(&merge.take(PLENTY, 4)), [1, 2]);
    merge.offer(0, log[0].clone());
    assert_eq!((merge.gap(), merge.has_next()), (None, false));
}

#[test]
fn nothing_is_given_out_that_the_log_does_not_reach() {
    let log = log(3);
    let mut merge = Merge::behind(Cut::START);
    for record in log {
        merge.offer(0, record);
    }
    assert_eq!(seqs(&merge.take(PLENTY, 2)), [1, 2]);
    assert_eq!(seqs(&merge.take(PLENTY, 3)), [3]);
}

#[test]
fn a_budget_is_kept_but_one_record_always_comes() {
    let log = log(5);
    let mut merge = Merge::behind(Cut::START);
    for record in &log {
        merge.offer(0, record.clone());
    }
    let budget = |records, bytes| Budget { records, bytes };
    assert_eq!(seqs(&merge.take(budget(0, 0), 5)), [1]);
    let two = log[1].size() + log[2].size();
    assert_eq!(seqs(&merge.take(budget(9, two), 5)), [2, 3]);
    assert_eq!(seqs(&merge.take(budget(1, usize::MAX), 5)), [4]);
}

#[test]
fn a_partition_that_is_far_ahead_has_to_wait_while_others_go_on() {
    let ahead = log(HELD_RECORDS_MAX as Seq + 1);
    let mut merge = Merge::behind(Cut::START);
    for record in &ahead[1..] {
        merge.offer(0, record.clone());
    }
    assert_eq!(merge.room(0), 0);
    assert_eq!(merge.room(1), HELD_RECORDS_MAX);
    merge.offer(1, ahead[0].clone());
    assert_eq!(merge.take(PLENTY, Seq::MAX).len(), ahead.len());
    assert_eq!(merge.room(0), HELD_RECORDS_MAX);
}

#[test]
fn large_records_fill_the_room_of_all_partitions() {
    let mut large = record(2, Event::samples().swap_remove(0));
    let text = "a".repeat(HELD_BYTES_MAX);
    large.data = serde_json::value::to_raw_value(&text).unwrap().into();
    large.at = epoch();
    let mut merge = Merge::behind(Cut::START);
    merge.offer(0, large);
    assert!(merge.is_full());
    assert_eq!(merge.room(1), 0);
    merge.pass(Cut::at(1));
    assert!(!merge.is_full(), "the next record is there");
    assert_eq!(merge.take(PLENTY, 2).len(), 1);
    assert_eq!(merge.room(1), HELD_RECORDS_MAX);
}

#[test]
fn what_the_mirror_is_known_to_hold_is_worth_waiting_for() {
    let log = log(5);
    let mut merge = Merge::behind(Cut::START);
    merge.offer(0, log[0].clone());
    assert!(merge.has_enough(PLENTY, 5), "nobody knows of more");
    merge.holds(4);
    assert!(!merge.has_enough(PLENTY, 5));
    assert!(merge.has_enough(PLENTY, 1), "the log ends there");
    let one = Budget {
        records: 1,
        ..PLENTY
    };
    assert!(merge.has_enough(one, 5));
    for record in &log[2..4] {
        merge.offer(1, record.clone());
    }
    assert!(!merge.has_enough(PLENTY, 5));
    merge.offer(0, log[1].clone());
    assert!(merge.has_enough(PLENTY, 5));
}

#[test]
fn a_mirror_lags_until_it_has_brought_what_was_read_elsewhere() {
    let log = log(5);
    let mut merge = Merge::behind(Cut::START);
    assert!(!merge.lags(), "nothing is behind us");
    merge.pass(Cut::at(3));
    assert!(merge.lags());
    merge.offer(0, log[1].clone());
    assert!(merge.lags());
    merge.offer(0, log[2].clone());
    assert!(!merge.lags(), "all that we have read");
    assert!(!merge.has_next());
    let mut again = Merge::behind(Cut::at(3));
    again.holds(3);
    assert!(!again.lags());
}
