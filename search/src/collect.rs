//! One walk over all hits: how many there are, what they have in common, and the best ones behind a cursor.

use crate::results::{Count, FACET_VALUES_MAX, Facets};
use crate::schema::column;
use millstream_domain::task::{Priority, Status};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt;
use std::str::FromStr;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocAddress, DocId, Score, SegmentOrdinal, SegmentReader};
use uuid::Uuid;

/// Where a hit stands among the others: by score, then the one that changed last; ids decide between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// The score's bits, ordered as the scores are: scores are never negative.
    score: u32,
    updated_at: i64,
    tie: u64,
}

impl Rank {
    pub(crate) fn score(self) -> Score {
        Score::from_bits(self.score)
    }
}

/// The form of a cursor: its version, and the rank of the last hit in hexadecimal.
impl fmt::Display for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "1{:08x}{:016x}{:016x}",
            self.score, self.updated_at, self.tie
        )
    }
}

/// The text is not a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoCursor;

impl FromStr for Rank {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let digits = text.strip_prefix('1').ok_or(NoCursor)?;
        if digits.len() != 40 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NoCursor);
        }
        let part = |from, to| u64::from_str_radix(&digits[from..to], 16).map_err(|_| NoCursor);
        Ok(Self {
            score: u32::try_from(part(0, 8)?).map_err(|_| NoCursor)?,
            updated_at: part(8, 24)?.cast_signed(),
            tie: part(24, 40)?,
        })
    }
}

/// Collects the best hits behind `after`, and counts all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Best {
    pub(crate) limit: usize,
    pub(crate) after: Option<Rank>,
}

/// What was collected.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// The best ones first.
    pub(crate) best: Vec<(Rank, DocAddress)>,
    pub(crate) total: u64,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    status: BTreeMap<u64, u64>,
    priority: BTreeMap<u64, u64>,
    project: BTreeMap<String, u64>,
    assignee: BTreeMap<String, u64>,
}

impl Collector for Best {
    type Fruit = Collected;
    type Child = SegmentBest;

    fn for_segment(
        &self,
        ordinal: SegmentOrdinal,
        segment: &SegmentReader,
    ) -> tantivy::Result<SegmentBest> {
        let columns = segment.fast_fields();
        Ok(SegmentBest {
            wanted: *self,
            ordinal,
            updated_at: columns.i64(column::UPDATED_AT)?,
            tie: columns.u64(column::TIE)?,
            status: Small::new(columns.u64(column::STATUS)?),
            priority: Small::new(columns.u64(column::PRIORITY)?),
            project: Tally::new(columns.str(column::PROJECT)?),
            assignee: Tally::new(columns.str(column::ASSIGNEE)?),
            best: BinaryHeap::with_capacity(self.limit + 1),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(
        &self,
        segments: Vec<tantivy::Result<Collected>>,
    ) -> tantivy::Result<Collected> {
        let mut all = Collected::default();
        for segment in segments {
            let segment = segment?;
            all.best.extend(segment.best);
            all.total += segment.total;
            add(&mut all.counts.status, segment.counts.status);
            add(&mut all.counts.priority, segment.counts.priority);
            add(&mut all.counts.project, segment.counts.project);
            add(&mut all.counts.assignee, segment.counts.assignee);
        }
        all.best.sort_unstable_by_key(|hit| Reverse(*hit));
        all.best.truncate(self.limit);
        Ok(all)
    }
}

fn add<K: Ord>(sum: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *sum.entry(key).or_default() += count;
    }
}

/// The same within a segment.
pub(crate) struct SegmentBest {
    wanted: Best,
    ordinal: SegmentOrdinal,
    updated_at: Column<i64>,
    tie: Column<u64>,
    status: Small,
    priority: Small,
    project: Tally,
    assignee: Tally,
    /// The worst of the best on top.
    best: BinaryHeap<Reverse<(Rank, DocAddress)>>,
    total: u64,
}

impl SegmentCollector for SegmentBest {
    type Fruit = tantivy::Result<Collected>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        self.status.count(doc);
        self.priority.count(doc);
        self.project.count(doc);
        self.assignee.count(doc);
        let rank = Rank {
            score: score.max(0.0).to_bits(),
            updated_at: self.updated_at.first(doc).unwrap_or_default(),
            tie: self.tie.first(doc).unwrap_or_default(),
        };
        if self.wanted.after.is_some_and(|after| rank >= after) {
            return;
        }
        self.best
            .push(Reverse((rank, DocAddress::new(self.ordinal, doc))));
        if self.best.len() > self.wanted.limit {
            self.best.pop();
        }
    }

    fn harvest(self) -> tantivy::Result<Collected> {
        Ok(Collected {
            best: self.best.into_iter().map(|Reverse(hit)| hit).collect(),
            total: self.total,
            counts: Counts {
                status: self.status.counts,
                priority: self.priority.counts,
                project: self.project.harvest()?,
                assignee: self.assignee.harvest()?,
            },
        })
    }
}

/// Counts a column of few different numbers.
struct Small {
    column: Column<u64>,
    counts: BTreeMap<u64, u64>,
}

impl Small {
    fn new(column: Column<u64>) -> Self {
        Self {
            column,
            counts: BTreeMap::new(),
        }
    }

    fn count(&mut self, doc: DocId) {
        if let Some(value) = self.column.first(doc) {
            *self.counts.entry(value).or_default() += 1;
        }
    }
}

/// Counts a column of texts by their number in the segment, and looks the texts up at the end.
struct Tally {
    column: Option<StrColumn>,
    counts: Vec<u64>,
}

impl Tally {
    fn new(column: Option<StrColumn>) -> Self {
        let counts = vec![0; column.as_ref().map_or(0, |column| column.num_terms())];
        Self { column, counts }
    }

    fn count(&mut self, doc: DocId) {
        for number in self.column.iter().flat_map(|column| column.term_ords(doc)) {
            if let Some(count) = usize::try_from(number)
                .ok()
                .and_then(|number| self.counts.get_mut(number))
            {
                *count += 1;
            }
        }
    }

    fn harvest(self) -> tantivy::Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        let Some(column) = self.column else {
            return Ok(counts);
        };
        for (number, count) in (0..).zip(self.counts).filter(|(_, count)| *count > 0) {
            let mut text = String::new();
            if column.ord_to_str(number, &mut text)? {
                counts.insert(text, count);
            }
        }
        Ok(counts)
    }
}

impl Collected {
    /// The counts as they are shown.
    pub(crate) fn facets(&self) -> Facets {
        let ids = |counts: &BTreeMap<String, u64>| {
            counts
                .iter()
                .filter_map(|(text, count)| Some((Uuid::parse_str(text).ok()?, *count)))
                .collect::<Vec<_>>()
        };
        Facets {
            status: among(Status::ALL, &self.counts.status),
            priority: among(Priority::ALL, &self.counts.priority),
            project: most(ids(&self.counts.project)),
            assignee: most(ids(&self.counts.assignee)),
        }
    }
}

fn among<T: Copy>(all: &[T], counts: &BTreeMap<u64, u64>) -> Vec<Count<T>> {
    let value = |place: u64| {
        usize::try_from(place)
            .ok()
            .and_then(|place| all.get(place).copied())
    };
    most(
        counts
            .iter()
            .filter_map(|(place, count)| Some((value(*place)?, *count)))
            .collect(),
    )
}

/// The most frequent first; equals stay in their order.
fn most<V, T: From<V>>(mut counts: Vec<(V, u64)>) -> Vec<Count<T>> {
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts.truncate(FACET_VALUES_MAX);
    counts
        .into_iter()
        .map(|(value, count)| Count {
            value: value.into(),
            count,
        })
        .collect()
}
