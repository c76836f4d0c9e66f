//! Comparing entries with the event log: each is made again from its record, and must be what is stored. For the entries
//! that no checkpoint speaks for yet, and for naming what is wrong with those that one no longer speaks for.

use super::entry;
use super::finding::Finding;
use super::report::{Compared, Report};
use super::verify::VerifyError;
use crate::postgres::signed;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::{Budget, Cut, LogError, Record};
use millstream_pipelines::dataflows::audit;
use millstream_store::views::audit::rows::{self, Extent, Row};
use sqlx::PgPool;
use std::collections::VecDeque;

/// Records of one step: bounds memory, and how long a connection is held.
const STEP: Budget = Budget {
    records: 1_000,
    bytes: 4 * 1024 * 1024,
};

/// Compares the entries of the records behind `after`, the first of which is entry `from`, with the log.
pub(super) async fn with_log(
    pool: &PgPool,
    (from, after): (u64, u64),
    extent: Extent,
    report: &mut Report,
) -> Result<(), VerifyError> {
    let log = PostgresLog::new(pool.clone(), None);
    report.compared = Compared {
        from,
        ..Compared::default()
    };
    let end = signed(extent.size);
    let mut cut = Cut::at(after);
    while cut.seq < extent.cut {
        let mut batch = match log.read(cut, STEP).await {
            Ok(batch) => batch,
            Err(LogError::Gap { head, .. }) => {
                report.compared.log_begins = Some(head);
                cut = Cut::at(head - 1);
                continue;
            }
            // The log ends before: the entries behind it are told below.
            Err(LogError::Ahead { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        batch.records.retain(|record| record.seq <= extent.cut);
        let Some(last) = batch.records.last().map(|record| record.seq) else {
            break;
        };
        let mut merge = Merge {
            records: batch.records.into(),
            seq: cut.seq,
            report: &mut *report,
        };
        rows::walk_records(pool, signed(cut.seq + 1)..=signed(last), end, |row| {
            merge.entry(&row);
        })
        .await?;
        merge.finish();
        cut = Cut::at(last);
    }
    let behind = signed(cut.seq + 1)..=i64::MAX;
    rows::walk_records(pool, behind, end, |row| report.add(not_in_log(&row))).await?;
    Ok(())
}

/// The fields in which a stored entry differs from what the log says of its record; `None` when the log cannot say.
pub(super) async fn differing_fields(pool: &PgPool, index: u64) -> Option<Vec<&'static str>> {
    let index = signed(index);
    let mut stored = None;
    rows::walk(pool, index..index + 1, |row| stored = Some(row))
        .await
        .ok()?;
    let stored = stored?;
    let before = u64::try_from(stored.seq).ok()?.checked_sub(1)?;
    let log = PostgresLog::new(pool.clone(), None);
    let batch = log
        .read(
            Cut::at(before),
            Budget {
                records: 1,
                bytes: 0,
            },
        )
        .await
        .ok()?;
    Some(differences(&stored, batch.records.first()?))
}

/// Records and entries side by side, both in the order of the records.
struct Merge<'a> {
    records: VecDeque<Record>,
    seq: u64,
    report: &'a mut Report,
}

impl Merge<'_> {
    fn entry(&mut self, row: &Row) {
        let seq = u64::try_from(row.seq).unwrap_or(0);
        self.records_without_entry(seq);
        match self.records.pop_front_if(|record| record.seq == seq) {
            Some(record) => {
                self.seq = seq;
                self.report.compared.entries += 1;
                let fields = differences(row, &record);
                if !fields.is_empty() {
                    let index = u64::try_from(row.index).unwrap_or(0);
                    self.report.add(Finding::DiffersFromLog {
                        index,
                        seq: row.seq,
                        fields,
                    });
                }
            }
            // A second entry of one record is out of order among its neighbours, which the walk has told.
            None if seq == self.seq => {}
            None => self.report.add(not_in_log(row)),
        }
    }

    fn finish(&mut self) {
        self.records_without_entry(u64::MAX);
    }

    fn records_without_entry(&mut self, before: u64) {
        let mut missing = Vec::new();
        while let Some(record) = self.records.pop_front_if(|record| record.seq < before) {
            missing.push(record.seq);
        }
        if let (Some(first), Some(last)) = (missing.first(), missing.last()) {
            self.report.add(Finding::NoEntry {
                first: *first,
                last: *last,
            });
        }
    }
}

fn differences(stored: &Row, record: &Record) -> Vec<&'static str> {
    match audit::entry(record) {
        Ok(made) => entry::differences(stored, &entry::row(&made, 0)),
        Err(_) => vec!["everything, because the record cannot be read"],
    }
}

fn not_in_log(row: &Row) -> Finding {
    Finding::NotInLog {
        index: u64::try_from(row.index).unwrap_or(0),
        seq: row.seq,
    }
}
