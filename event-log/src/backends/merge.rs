//! Brings what a mirror delivers, from however many partitions, back into the one dense order of the log.
//!
//! Within a partition records come in the order of the log, some of them more than once; what stands between two of them
//! comes from other partitions, or was lost. [`Merge`] keeps what comes too early, drops what was seen, and gives out what
//! is next. It reads no clock and waits for nothing: how long a gap is waited for before it is filled from the log itself
//! is decided by [`super::mirrored`], the reader that every mirror shares. A mirror gives it a
//! [`Source`](super::mirrored::Source), which asks [`Merge::room`] for how much to take from a partition and hands over
//! what it took with [`Merge::offer`].
//!
//! *Invariant:* what is given out is dense and ascending, whatever is offered in whatever order.

use crate::cut::{Budget, Cut, Seq};
use crate::record::Record;
use std::collections::BTreeMap;

/// Records of one partition that may wait for those of others. A partition that is so far ahead is not read on, so that
/// the others can catch up.
const HELD_RECORDS_MAX: usize = 1_000;
/// Records of one partition from which on whoever can be given something is not kept waiting for more.
const CROWDED: usize = HELD_RECORDS_MAX / 2;
/// Bytes of payload that may wait, of all partitions together.
const HELD_BYTES_MAX: usize = 16 << 20;

/// The records that came too early, and the place of the next one to give out.
#[derive(Debug)]
pub struct Merge {
    next: Seq,
    /// The last of those that can be given out; `next - 1` when there is none.
    end: Seq,
    newest: Seq,
    /// The newest record that the mirror is known to hold.
    top: Seq,
    whole_until: Seq,
    held: BTreeMap<Seq, (usize, Record)>,
    counts: BTreeMap<usize, usize>,
    bytes: usize,
}

impl Merge {
    /// Gives out what stands behind the cut.
    #[must_use]
    pub fn behind(cut: Cut) -> Self {
        Self {
            next: cut.seq + 1,
            end: cut.seq,
            newest: 0,
            top: 0,
            whole_until: 0,
            held: BTreeMap::new(),
            counts: BTreeMap::new(),
            bytes: 0,
        }
    }

    /// How far those are who were given everything until now.
    #[must_use]
    pub fn cut(&self) -> Cut {
        Cut::at(self.next - 1)
    }

    /// The newest record that was offered; 0 before the first.
    #[must_use]
    pub fn newest(&self) -> Seq {
        self.newest
    }

    /// How many more records may be taken from a partition.
    #[must_use]
    pub fn room(&self, partition: usize) -> usize {
        if self.bytes >= HELD_BYTES_MAX {
            return 0;
        }
        let held = self.counts.get(&partition).copied().unwrap_or(0);
        HELD_RECORDS_MAX.saturating_sub(held)
    }

    /// Takes in a record of a partition. One that was given out or offered before is dropped.
    pub fn offer(&mut self, partition: usize, record: Record) {
        self.newest = self.newest.max(record.seq);
        self.top = self.top.max(record.seq);
        if record.seq < self.next || self.held.contains_key(&record.seq) {
            return;
        }
        self.bytes += record.size();
        *self.counts.entry(partition).or_default() += 1;
        self.held.insert(record.seq, (partition, record));
        self.extend();
    }

    /// Whether the next record is there.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.end >= self.next
    }

    /// Whether there is as much as a read may bring, or as the mirror is known to hold, up to the record `last`.
    #[must_use]
    pub fn has_enough(&self, budget: Budget, last: Seq) -> bool {
        let count = usize::try_from(self.end + 1 - self.next).unwrap_or(usize::MAX);
        self.has_next()
            && (self.end >= last.min(self.top)
                || self.end < self.whole_until
                || count >= budget.records
                || self.bytes >= budget.bytes
                || self.is_crowded())
    }

    /// Whether so much of one partition is here that little more of it is taken in: waiting for more would be in vain.
    fn is_crowded(&self) -> bool {
        self.counts.values().any(|held| *held >= CROWDED)
    }

    /// Whether so much has come too early that nothing more may be taken in before the next record is there.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.bytes >= HELD_BYTES_MAX && !self.has_next()
    }

    /// Says that all has come that the mirror has up to here, and that it gets nothing more there.
    pub fn is_whole_until(&mut self, seq: Seq) {
        self.whole_until = self.whole_until.max(seq);
    }

    /// Whether the next record is not there and will not come: waiting for it is vain.
    #[must_use]
    pub fn lacks_next(&self) -> bool {
        self.next <= self.whole_until && !self.has_next()
    }

    /// How many records are missing before the first that is there; `None` when none is.
    #[must_use]
    pub fn gap(&self) -> Option<Seq> {
        let (first, _) = self.held.first_key_value()?;
        Some(first - self.next)
    }

    /// What is next, as much as is there without a gap, up to the record `last`. At least one record, if it is there.
    pub fn take(&mut self, budget: Budget, last: Seq) -> Vec<Record> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while self.next <= last
            && let Some((_, record)) = self.held.get(&self.next)
        {
            let size = record.size();
            let fits = taken.len() < budget.records && bytes + size <= budget.bytes;
            if !fits && !taken.is_empty() {
                break;
            }
            bytes += size;
            taken.extend(self.release(self.next));
            self.next += 1;
        }
        taken
    }

    /// Goes on behind a cut that is further: what stands before it was read elsewhere.
    pub fn pass(&mut self, cut: Cut) {
        while let Some((first, _)) = self.held.first_key_value()
            && *first <= cut.seq
        {
            self.release(*first);
        }
        self.next = self.next.max(cut.seq + 1);
        self.end = self.end.max(cut.seq);
        self.extend();
    }

    /// Says what the mirror holds: of what stands behind the cut it delivers everything, and what stands before it is not
    /// asked for.
    pub fn holds(&mut self, newest: Seq) {
        self.top = self.top.max(newest);
        self.newest = self.newest.max(newest.min(self.next - 1));
    }

    /// Whether the mirror has not even brought what is behind us: waiting for it to bring the next record is vain.
    #[must_use]
    pub fn lags(&self) -> bool {
        self.newest + 1 < self.next
    }

    fn extend(&mut self) {
        while self.held.contains_key(&(self.end + 1)) {
            self.end += 1;
        }
    }

    fn release(&mut self, seq: Seq) -> Option<Record> {
        let (partition, record) = self.held.remove(&seq)?;
        self.bytes -= record.size();
        if let Some(count) = self.counts.get_mut(&partition) {
            *count -= 1;
        }
        Some(record)
    }
}

#[cfg(test)]
mod tests;
