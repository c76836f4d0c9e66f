//! What Delta's log says of a file: how many rows, and between which values of the key's first column and of each time they
//! are. Questions about lately, and for one key, pass over files by it without opening them.

use crate::tables::Table;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Datelike as _, SecondsFormat};
use serde_json::{Map, Value, json};

/// Delta writes times in steps of so many of ours.
const STEP_US: i64 = 1_000;

/// Of rows that are in the order of the table's key.
pub(super) fn of(table: Table, rows: &RecordBatch) -> Value {
    let (mut least, mut greatest, mut nulls) = (Map::new(), Map::new(), Map::new());
    let schema = rows.schema();
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let name = field.name();
        let bounds = match field.data_type() {
            DataType::Timestamp(..) => times(column),
            _ if name == table.key()[0] => Some(ends(column)),
            _ => None,
        };
        if let Some((low, high)) = bounds {
            least.insert(name.clone(), low);
            greatest.insert(name.clone(), high);
            nulls.insert(name.clone(), json!(column.null_count()));
        }
    }
    json!({
        "numRecords": rows.num_rows(),
        "minValues": least,
        "maxValues": greatest,
        "nullCount": nulls,
    })
}

/// The first and the last of a key's column.
fn ends(column: &ArrayRef) -> (Value, Value) {
    let value = |row: usize| match column.data_type() {
        DataType::Int64 => json!(column.as_primitive::<Int64Type>().value(row)),
        _ => json!(column.as_string::<i32>().value(row)),
    };
    (value(0), value(column.len() - 1))
}

/// The earliest and the latest time, rounded outwards; none where there is none.
fn times(column: &ArrayRef) -> Option<(Value, Value)> {
    let times = column.as_primitive::<TimestampMicrosecondType>();
    let written = |steps: i64| {
        let at = DateTime::from_timestamp_millis(steps)?;
        // Beyond, it is written in a form that is no time to Delta.
        (0..=9_999).contains(&at.year()).then_some(())?;
        Some(json!(at.to_rfc3339_opts(SecondsFormat::Millis, true)))
    };
    let (least, greatest) = (min(times)?, max(times)?);
    let least = least.div_euclid(STEP_US);
    let greatest = -(-greatest).div_euclid(STEP_US);
    Some((written(least)?, written(greatest)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::TimestampMicrosecondArray;
    use std::sync::Arc;

    #[test]
    fn times_are_rounded_outwards() {
        let times = [Some(1_999_i64), None, Some(5_000), Some(5_001)];
        let times = TimestampMicrosecondArray::from_iter(times).with_timezone("UTC");
        let (least, greatest) =
            super::times(&(Arc::new(times) as ArrayRef)).expect("there are times");
        assert_eq!(least, "1970-01-01T00:00:00.001Z");
        assert_eq!(greatest, "1970-01-01T00:00:00.006Z");
    }

    #[test]
    fn where_there_is_no_time_nothing_is_said() {
        let none = TimestampMicrosecondArray::from_iter([None, None]).with_timezone("UTC");
        assert_eq!(super::times(&(Arc::new(none) as ArrayRef)), None);
    }
}
