//! Marks: the last record that each partition acknowledged, kept beside the cut; and what they tell about a loss.

use millstream_domain::ids::EventId;
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::kafka::place::{Ends, Probe};
use millstream_event_log::{Cut, MirrorError, Record, Seq, Topic};
use millstream_pipelines::sink::StateRow;
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use std::collections::BTreeMap;

/// The operator that the rows of marks are kept under.
const OPERATOR: &str = "partition";

/// A record that was acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) offset: i64,
    pub(super) seq: Seq,
}

/// The last one of each partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Marks(BTreeMap<(Topic, i32), Mark>);

/// What a mirror was found to hold.
#[derive(Debug)]
pub(super) struct Found {
    /// The marks that were looked for.
    pub(super) before: Marks,
    /// What they are now.
    pub(super) marks: Marks,
    /// Where to go back to, if something is missing.
    pub(super) lost_behind: Option<Cut>,
    /// What is there and was not committed.
    pub(super) beyond: Vec<(Seq, EventId)>,
}

/// What was found in one partition.
#[derive(Debug, Clone)]
struct Seen {
    ends: Ends,
    at_mark: Option<Mark>,
    newest: Option<Mark>,
}

impl Marks {
    /// From the rows beside the cut. One that cannot be read is no mark: a later one takes its place.
    pub(super) fn of(rows: Vec<StateRow>) -> Self {
        let mark = |row: StateRow| {
            let (topic, partition) = row.key.rsplit_once('/')?;
            let mark = serde_json::from_str(row.state?.get()).ok()?;
            Some(((topic.parse().ok()?, partition.parse().ok()?), mark))
        };
        Self(rows.into_iter().filter_map(mark).collect())
    }

    /// As rows.
    pub(super) fn rows(&self) -> Vec<StateRow> {
        let row = |((topic, partition), mark): (&(Topic, i32), &Mark)| StateRow {
            operator: OPERATOR.into(),
            key: key(*topic, *partition),
            state: Some(to_raw_value(mark).expect("two numbers always have a JSON form")),
        };
        self.0.iter().map(row).collect()
    }

    /// As rows that take the place of those of other marks.
    pub(super) fn rows_instead_of(&self, before: &Self) -> Vec<StateRow> {
        let gone = before.0.keys().filter(|at| !self.0.contains_key(at));
        let gone = gone.map(|(topic, partition)| StateRow {
            operator: OPERATOR.into(),
            key: key(*topic, *partition),
            state: None,
        });
        self.rows().into_iter().chain(gone).collect()
    }

    /// Moves a mark; `false`, and nothing moved, when the offset is not behind the one that was there.
    pub(super) fn acknowledge(&mut self, topic: Topic, partition: i32, mark: Mark) -> bool {
        let before = self.0.get(&(topic, partition));
        let is_behind = before.is_none_or(|before| before.offset < mark.offset);
        if is_behind {
            self.0.insert((topic, partition), mark);
        }
        is_behind
    }

    /// What a mirror has become that was left with these marks. It waits for the broker.
    pub(super) fn compared(self, kafka: &Kafka, cut: Cut) -> Result<Found, MirrorError> {
        let probe = Probe::new(kafka, || false)?;
        let ends = probe.ends()?;
        let at_marks: Vec<_> = ends.iter().map(|end| self.offset_in(end)).collect();
        let at_marks = probe.at(&ends, &at_marks)?;
        let newest = probe.newest(&ends)?;
        let beyond = newest.iter().flatten();
        let beyond = beyond
            .filter(|record| record.seq > cut.seq)
            .map(|record| (record.seq, record.id))
            .collect();
        let mark = |(offset, record): (i64, Record)| Mark {
            offset,
            seq: record.seq,
        };
        let seen = ends.into_iter().zip(at_marks).zip(newest);
        let seen = seen.map(|((ends, at_mark), newest)| Seen {
            at_mark: at_mark.map(mark),
            newest: newest.map(|record| mark((ends.high - 1, record))),
            ends,
        });
        let (marks, lost_behind) = self.judge(&seen.collect::<Vec<_>>());
        Ok(Found {
            before: self,
            marks,
            lost_behind,
            beyond,
        })
    }

    /// The offset of the mark in a partition, if a message can be there.
    fn offset_in(&self, ends: &Ends) -> Option<i64> {
        let mark = self.0.get(&(ends.ours, ends.partition))?;
        (ends.low..ends.high)
            .contains(&mark.offset)
            .then_some(mark.offset)
    }

    /// The marks of what is there, and where to go back to if something is missing.
    fn judge(&self, seen: &[Seen]) -> (Self, Option<Cut>) {
        let mut marks = self.clone();
        let mut lost_behind: Option<Cut> = None;
        for (at, mark) in &self.0 {
            let is_here = |it: &&Seen| (it.ends.ours, it.ends.partition) == *at;
            let found = seen.iter().find(is_here);
            let is_whole = found.is_some_and(|it| it.at_mark == Some(*mark));
            // What is old may be dropped by whoever keeps the broker small.
            let is_expired = found.is_some_and(|it| it.ends.low > mark.offset);
            if is_whole || is_expired {
                continue;
            }
            // What is left of the partition is its beginning, unless something was written to it after the loss.
            let left = found
                .and_then(|it| it.newest)
                .filter(|newest| newest.offset < mark.offset && newest.seq <= mark.seq);
            match left {
                Some(left) => marks.0.insert(*at, left),
                None => marks.0.remove(at),
            };
            let back = Cut::at(left.map_or(0, |left| left.seq));
            lost_behind = Some(lost_behind.map_or(back, |cut| cut.min(back)));
        }
        (marks, lost_behind)
    }

    /// What is missing, as far as the ends of the partitions tell; `high` asks for the offset that comes next, and has
    /// none where there is no such partition.
    pub(super) fn missing(
        &self,
        kafka: &Kafka,
        high: impl Fn(&str, i32) -> Result<Option<i64>, MirrorError>,
    ) -> Result<Option<String>, MirrorError> {
        for ((topic, partition), mark) in &self.0 {
            let name = kafka.topic(*topic);
            if high(&name, *partition)?.is_none_or(|high| high <= mark.offset) {
                return Ok(Some(format!(
                    "partition {partition} of topic \"{name}\" holds less than was acknowledged"
                )));
            }
        }
        Ok(None)
    }
}

fn key(topic: Topic, partition: i32) -> String {
    format!("{topic}/{partition}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: (Topic, i32) = (Topic::TaskEvents, 0);

    fn mark(offset: i64, seq: Seq) -> Mark {
        Mark { offset, seq }
    }

    /// One partition, as it was left and as it is found; answers with its mark then.
    fn check(
        left: Mark,
        (low, high): (i64, i64),
        at_mark: Option<Mark>,
        newest: Option<Mark>,
        expected: Option<Seq>,
    ) -> Option<Mark> {
        let marks = Marks(BTreeMap::from([(AT, left)]));
        let ends = Ends {
            topic: "task-events".into(),
            ours: AT.0,
            partition: AT.1,
            low,
            high,
        };
        let seen = Seen {
            ends,
            at_mark,
            newest,
        };
        let (marks, back) = marks.judge(&[seen]);
        assert_eq!(back.map(|cut| cut.seq), expected);
        marks.0.get(&AT).copied()
    }

    #[test]
    fn what_stands_where_it_was_acknowledged_is_there() {
        let left = mark(9, 100);
        assert_eq!(
            check(left, (0, 10), Some(left), Some(left), None),
            Some(left)
        );
        let newer = Some(mark(11, 102));
        assert_eq!(check(left, (0, 12), Some(left), newer, None), Some(left));
        assert_eq!(check(left, (20, 20), None, None, None), Some(left));
    }

    #[test]
    fn a_wiped_partition_is_written_again_from_the_beginning() {
        let left = mark(9, 100);
        assert_eq!(check(left, (0, 0), None, None, Some(0)), None);
        // Some later records were written to it before anybody noticed.
        let newest = Some(mark(4, 120));
        assert_eq!(check(left, (0, 5), None, newest, Some(0)), None);
        let (at_mark, newest) = (Some(mark(9, 140)), Some(mark(19, 150)));
        assert_eq!(check(left, (0, 20), at_mark, newest, Some(0)), None);
    }

    #[test]
    fn an_older_copy_is_written_on_from_where_it_ends() {
        let newest = mark(5, 60);
        let kept = check(mark(9, 100), (0, 6), None, Some(newest), Some(60));
        assert_eq!(kept, Some(newest));
    }

    #[test]
    fn a_topic_that_is_gone_is_a_loss() {
        let marks = Marks(BTreeMap::from([(AT, mark(9, 100))]));
        assert_eq!(marks.judge(&[]), (Marks::default(), Some(Cut::START)));
    }

    #[test]
    fn marks_come_back_from_their_rows_and_gone_ones_are_deleted() {
        let mut marks = Marks::default();
        assert!(marks.acknowledge(AT.0, 0, mark(3, 7)));
        assert!(marks.acknowledge(Topic::UserActivities, 2, mark(0, 8)));
        assert_eq!(Marks::of(marks.rows()), marks);
        let rows = Marks::default().rows_instead_of(&marks);
        assert!(rows.iter().all(|row| row.state.is_none()));
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn an_acknowledgement_that_is_not_behind_the_last_tells_of_a_loss() {
        let mut marks = Marks::default();
        assert!(marks.acknowledge(AT.0, 0, mark(3, 7)));
        assert!(!marks.acknowledge(AT.0, 0, mark(0, 8)));
        assert!(marks.acknowledge(AT.0, 0, mark(4, 8)));
    }
}
