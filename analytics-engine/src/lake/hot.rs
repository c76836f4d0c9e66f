//! The hot tail of one table: rows that are in no file yet, in Arrow.
//!
//! It has two layers: the one that is being written, and the one that grows meanwhile. Of a table whose rows change the
//! newest row of each key counts, and a key may be gone.

use crate::error::LakeError;
use crate::tables::Table;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Int64Type};
use arrow::json::ReaderBuilder;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A key, as text: the values of the key's columns, with a space between them.
pub(crate) type Key = String;

/// What changes in one table, from some records.
#[derive(Debug, Clone)]
pub struct Changes {
    table: Table,
    rows: RecordBatch,
    /// The last word on each key: a row, or that it is gone.
    last: BTreeMap<Key, Option<usize>>,
}

/// What happens to a row.
#[derive(Debug, Clone)]
pub enum RowChange<Row> {
    /// It is so now.
    Put(Row),
    /// It is gone; the values of its key's columns.
    Remove(Vec<String>),
}

impl Changes {
    /// Changes in the order of the log.
    pub fn of<Row: Serialize>(
        table: Table,
        changes: impl IntoIterator<Item = RowChange<Row>>,
    ) -> Result<Self, LakeError> {
        let (mut rows, mut removed) = (Vec::new(), Vec::new());
        for change in changes {
            match change {
                RowChange::Put(row) => rows.push(row),
                RowChange::Remove(key) => removed.push((rows.len(), key.join(" "))),
            }
        }
        let rows = batch(table, &rows)?;
        let mut last = BTreeMap::new();
        let mut removed = removed.into_iter().peekable();
        for (at, key) in keys(table, &rows).into_iter().enumerate() {
            while let Some((_, key)) = removed.next_if(|(before, _)| *before <= at) {
                last.insert(key, None);
            }
            last.insert(key, Some(at));
        }
        last.extend(removed.map(|(_, key)| (key, None)));
        Ok(Self { table, rows, last })
    }

    /// The table.
    #[must_use]
    pub fn table(&self) -> Table {
        self.table
    }
}

fn batch<Row: Serialize>(table: Table, rows: &[Row]) -> Result<RecordBatch, LakeError> {
    let misfit = |source| LakeError::Misfit {
        table: table.name(),
        source,
    };
    let mut decoder = ReaderBuilder::new(table.schema())
        .with_strict_mode(true)
        .with_batch_size(rows.len().max(1))
        .build_decoder()
        .map_err(misfit)?;
    decoder.serialize(rows).map_err(misfit)?;
    let batch = decoder.flush().map_err(misfit)?;
    Ok(batch.unwrap_or_else(|| RecordBatch::new_empty(table.schema())))
}

/// The key of each row.
pub(crate) fn keys(table: Table, rows: &RecordBatch) -> Vec<Key> {
    let columns: Vec<_> = table
        .key()
        .iter()
        .map(|name| {
            rows.column_by_name(name)
                .expect("the columns of a table's key are among its columns")
        })
        .collect();
    let key = |row| {
        let parts: Vec<_> = columns.iter().map(|column| value(column, row)).collect();
        parts.join(" ")
    };
    (0..rows.num_rows()).map(key).collect()
}

/// A value of a key: a text or a number.
fn value(column: &ArrayRef, row: usize) -> String {
    match column.data_type() {
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Utf8View => column.as_string_view().value(row).to_owned(),
        _ => column.as_string::<i32>().value(row).to_owned(),
    }
}

/// One layer of the tail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layer {
    batches: Vec<RecordBatch>,
    /// Where the last word on each key stands; nothing of events, which have no second one.
    last: BTreeMap<Key, Option<(usize, usize)>>,
    rows: usize,
    bytes: usize,
}

impl Layer {
    pub(crate) fn put(&mut self, changes: Changes) {
        let at = self.batches.len();
        self.rows += changes.last.len();
        self.bytes += changes.rows.get_array_memory_size();
        if !changes.table.is_append_only() {
            let last = changes.last.into_iter();
            self.last
                .extend(last.map(|(key, row)| (key, row.map(|row| (at, row)))));
        }
        self.batches.push(changes.rows);
    }

    /// A layer as another process has told of it: the rows that count, and the keys of those that are gone.
    pub(crate) fn restored(table: Table, batches: Vec<RecordBatch>, gone: Vec<Key>) -> Self {
        let mut layer = Self {
            rows: gone.len(),
            last: gone.into_iter().map(|key| (key, None)).collect(),
            ..Self::default()
        };
        for (at, batch) in batches.iter().enumerate() {
            layer.rows += batch.num_rows();
            layer.bytes += batch.get_array_memory_size();
            if !table.is_append_only() {
                let keys = keys(table, batch).into_iter().enumerate();
                layer
                    .last
                    .extend(keys.map(|(row, key)| (key, Some((at, row)))));
            }
        }
        layer.batches = batches;
        layer
    }

    /// The keys of rows that are gone.
    pub(crate) fn gone(&self) -> impl Iterator<Item = &Key> {
        let gone = self.last.iter().filter(|(_, place)| place.is_none());
        gone.map(|(key, _)| key)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Changes in it.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// This layer with another one over it.
    pub(crate) fn under(mut self, newer: &Self) -> Self {
        let shift = self.batches.len();
        self.batches.extend(newer.batches.iter().cloned());
        let moved = newer.last.iter().map(|(key, place)| {
            let place = place.map(|(batch, row)| (batch + shift, row));
            (key.clone(), place)
        });
        self.last.extend(moved);
        self.rows += newer.rows;
        self.bytes += newer.bytes;
        self
    }

    /// The keys on which there is a word.
    pub(crate) fn keys(&self) -> &BTreeMap<Key, Option<(usize, usize)>> {
        &self.last
    }

    /// The rows that count, of a table whose rows change in the order of their keys.
    pub(crate) fn current(&self, table: Table) -> Result<Vec<RecordBatch>, LakeError> {
        if table.is_append_only() {
            return Ok(self.batches.clone());
        }
        let places: Vec<_> = self.last.values().copied().flatten().collect();
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let batches: Vec<_> = self.batches.iter().collect();
        let rows = interleave_record_batch(&batches, &places);
        Ok(vec![rows.map_err(LakeError::unavailable)?])
    }

    /// The keys on which there is a word, as a column.
    pub(crate) fn key_column(&self) -> ArrayRef {
        Arc::new(StringArray::from_iter_values(self.last.keys()))
    }
}
