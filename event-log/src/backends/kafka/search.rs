//! Finding the offset behind a cut in one partition, by looking at few messages: from the end backwards in growing steps,
//! since most readers stand near the end, then by halves.
//!
//! A mirror that went back to an older cut has written stretches of the log again, so a partition may have several places
//! behind a cut. Any will do: whatever stands behind the cut follows each of them.

use crate::cut::Cut;
use crate::record::Record;

/// The search in one partition.
#[derive(Debug)]
pub(super) struct Search {
    /// What stands before this offset is not behind the cut.
    from: i64,
    /// The message at this offset is behind the cut, or does not exist yet.
    to: i64,
    /// How far before `to` is looked next; `None` once something was found that is not behind the cut.
    step: Option<i64>,
}

impl Search {
    /// In a partition that begins at the offset `low` and goes to before `high`.
    pub(super) fn within(low: i64, high: i64) -> Self {
        Self {
            from: low,
            to: high,
            step: Some(1),
        }
    }

    /// The offset to look at next; `None` when the place is found.
    pub(super) fn next(&self) -> Option<i64> {
        let is_open = self.from < self.to;
        is_open.then(|| match self.step {
            Some(step) => (self.to - step).max(self.from),
            None => self.from + (self.to - self.from) / 2,
        })
    }

    /// What was found when looking at `at`: the message there, or the next one if it is gone.
    pub(super) fn found(&mut self, at: i64, offset: i64, record: &Record, cut: Cut) {
        if record.seq > cut.seq {
            self.to = at;
            self.step = self.step.map(|step| step.saturating_mul(2));
        } else {
            self.from = (offset + 1).min(self.to);
            self.step = None;
        }
    }

    /// The offset to read from.
    pub(super) fn place(&self) -> i64 {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Seq, testing};

    fn place(partition: &[Seq], low: usize, cut: Seq) -> (usize, usize) {
        let event = Event::samples().swap_remove(0);
        let as_offset = |at: usize| i64::try_from(at).unwrap();
        let mut search = Search::within(as_offset(low), as_offset(partition.len()));
        let mut looks = 0;
        while let Some(at) = search.next() {
            let offset = usize::try_from(at).unwrap();
            let record = testing::record(partition[offset], event.clone());
            search.found(at, at, &record, Cut::at(cut));
            looks += 1;
            assert!(looks < 100, "it ends");
        }
        (usize::try_from(search.place()).unwrap(), looks)
    }

    #[test]
    fn the_place_behind_every_cut_is_found() {
        let partition: Vec<Seq> = (1..=50).map(|n| n * 3).collect();
        for cut in 0..=160 {
            let (place, _) = place(&partition, 0, cut);
            let expected = partition.iter().filter(|seq| **seq <= cut).count();
            assert_eq!(place, expected, "cut {cut}");
        }
    }

    #[test]
    fn whoever_is_near_the_end_is_found_at_a_glance() {
        let partition: Vec<Seq> = (1..=100_000).collect();
        assert_eq!(place(&partition, 0, 100_000), (100_000, 1));
        let (found, looks) = place(&partition, 0, 99_990);
        assert_eq!(found, 99_990);
        assert!(looks <= 8, "{looks} looks");
        assert!(place(&partition, 0, 0).1 <= 20);
    }

    #[test]
    fn what_is_gone_is_not_looked_for() {
        let partition: Vec<Seq> = (1..=100).collect();
        assert_eq!(place(&partition, 40, 10).0, 40);
        assert_eq!(place(&[], 0, 10), (0, 0));
    }

    #[test]
    fn behind_any_place_of_a_partition_with_repeats_stands_all_that_is_behind_the_cut() {
        // Went back twice: 20 to 60 stand there three times.
        let partition: Vec<Seq> = (1..=60).chain(20..=70).chain(20..=100).collect();
        for cut in 0..=100 {
            let (found, _) = place(&partition, 0, cut);
            for seq in cut + 1..=100 {
                assert!(partition[found..].contains(&seq), "cut {cut}, record {seq}");
            }
        }
    }
}
