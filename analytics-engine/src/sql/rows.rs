//! Rows on their way out: as JSON, up to a number of rows and bytes.

use super::bounds::ROW_BYTES_MAX;
use super::wire::{Answer, Column, Problem};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;
use arrow::json::WriterBuilder;
use arrow::json::writer::JsonArray;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Rows that are turned into JSON at once: few, because each may be large.
const AT_ONCE: usize = 128;

/// Rows that have been taken so far.
pub(super) struct Rows {
    answer: Answer,
    limit: usize,
    bytes: usize,
}

impl Rows {
    pub(super) fn new(schema: &Schema, limit: usize) -> Self {
        Self {
            answer: Answer {
                columns: columns(schema),
                rows: Vec::new(),
                truncated: false,
            },
            limit,
            bytes: 0,
        }
    }

    /// Takes rows; says whether there is room for more.
    pub(super) fn take(&mut self, batch: &RecordBatch) -> Result<bool, Problem> {
        let mut at = 0;
        while at < batch.num_rows() {
            let length = AT_ONCE.min(batch.num_rows() - at);
            for row in json(&batch.slice(at, length)).map_err(|error| unshown(&error))? {
                self.bytes += Value::from(row.clone()).to_string().len();
                if self.answer.rows.is_empty() && self.bytes > ROW_BYTES_MAX {
                    return Err(Problem::Limit(format!(
                        "a row has {} bytes, and all together may have {ROW_BYTES_MAX}: ask for less of it",
                        self.bytes
                    )));
                }
                if self.answer.rows.len() == self.limit || self.bytes > ROW_BYTES_MAX {
                    self.answer.truncated = true;
                    return Ok(false);
                }
                self.answer.rows.push(row);
            }
            at += length;
        }
        Ok(true)
    }

    pub(super) fn done(self) -> Answer {
        self.answer
    }
}

/// The columns of rows.
pub(super) fn columns(schema: &Schema) -> Vec<Column> {
    let column = |field: &Arc<Field>| Column {
        name: field.name().clone(),
        kind: kind(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

fn unshown(error: &ArrowError) -> Problem {
    Problem::Refused(format!(
        "a column cannot be shown: cast it to text ({error})"
    ))
}

/// How a time begins, as it is written, that is beyond the calendar.
const BEYOND: &str = "ERROR: ";

/// Rows as lists. Columns may share a name, so they go by their place.
fn json(batch: &RecordBatch) -> Result<Vec<Vec<Value>>, ArrowError> {
    let width = batch.num_columns();
    let place =
        |(at, field): (usize, &Arc<Field>)| field.as_ref().clone().with_name(at.to_string());
    let schema = batch.schema();
    let fields: Vec<_> = schema.fields().iter().enumerate().map(place).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema, batch.columns().to_vec())?;
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, JsonArray>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let rows: Vec<Map<String, Value>> = serde_json::from_slice(&writer.into_inner())
        .map_err(|error| ArrowError::JsonError(error.to_string()))?;
    let list = |mut row: Map<String, Value>| {
        let value = |at: usize| row.remove(&at.to_string()).unwrap_or_default();
        (0..width).map(value).collect()
    };
    let lists: Vec<Vec<Value>> = rows.into_iter().map(list).collect();
    let is_time = |at: &usize| batch.column(*at).data_type().is_temporal();
    let is_beyond = |value: &Value| value.as_str().is_some_and(|it| it.starts_with(BEYOND));
    for time in (0..width).filter(is_time) {
        if lists.iter().any(|row| is_beyond(&row[time])) {
            let what = "a time is beyond the calendar".to_owned();
            return Err(ArrowError::ComputeError(what));
        }
    }
    Ok(lists)
}

/// What a type is called.
fn kind(of: &DataType) -> String {
    let name = match of {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text",
        DataType::Boolean => "boolean",
        DataType::Timestamp(..) => "timestamp",
        DataType::Date32 | DataType::Date64 => "date",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "list",
        DataType::Duration(_) | DataType::Interval(_) => "interval",
        DataType::Dictionary(_, values) => return kind(values),
        other if other.is_integer() => "integer",
        other if other.is_numeric() => "number",
        other => return other.to_string(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, StringArray, TimestampSecondArray};
    use serde_json::json;

    fn batch(rows: i64) -> RecordBatch {
        let fields = vec![
            Field::new("id", DataType::Int64, false),
            Field::new("id", DataType::Utf8, true),
        ];
        let texts = (0..rows).map(|row| (row % 2 == 0).then(|| row.to_string()));
        let columns: Vec<arrow::array::ArrayRef> = vec![
            Arc::new(Int64Array::from_iter_values(0..rows)),
            Arc::new(texts.collect::<StringArray>()),
        ];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch")
    }

    #[test]
    fn columns_that_share_a_name_are_told_apart() {
        let batch = batch(2);
        let mut rows = Rows::new(&batch.schema(), 10);
        assert!(rows.take(&batch).expect("rows"));
        let answer = rows.done();
        assert_eq!(
            answer.rows,
            [vec![json!(0), json!("0")], vec![json!(1), json!(null)]]
        );
        let kinds: Vec<_> = answer.columns.iter().map(|c| c.kind.as_str()).collect();
        assert_eq!(kinds, ["integer", "text"]);
        assert!(!answer.truncated);
    }

    /// One row of one column.
    fn single(value: arrow::array::ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("it", value)]).expect("a batch")
    }

    #[test]
    fn a_single_row_that_is_too_large_is_no_empty_answer() {
        let long = "x".repeat(ROW_BYTES_MAX);
        let batch = single(Arc::new(StringArray::from(vec![long.as_str()])));
        let taken = Rows::new(&batch.schema(), 10).take(&batch);
        let told = taken.expect_err("no room");
        assert!(
            matches!(&told, Problem::Limit(why) if why.contains("a row has")),
            "{told:?}"
        );
    }

    #[test]
    fn a_time_beyond_the_calendar_is_no_value() {
        let batch = single(Arc::new(TimestampSecondArray::from(vec![i64::MAX])));
        let taken = Rows::new(&batch.schema(), 10).take(&batch);
        let told = taken.expect_err("no time");
        assert!(
            matches!(&told, Problem::Refused(why) if why.contains("calendar")),
            "{told:?}"
        );
    }

    #[test]
    fn a_length_of_time_has_a_word_of_its_own() {
        use arrow::datatypes::{IntervalUnit, TimeUnit};
        for of in [
            DataType::Duration(TimeUnit::Nanosecond),
            DataType::Interval(IntervalUnit::MonthDayNano),
        ] {
            assert_eq!(kind(&of), "interval");
        }
    }

    #[test]
    fn what_is_beyond_the_limit_is_left_out_and_that_is_said() {
        let batch = batch(300);
        for (limit, truncated) in [(299, true), (300, false)] {
            let mut rows = Rows::new(&batch.schema(), limit);
            rows.take(&batch).expect("rows");
            let answer = rows.done();
            assert_eq!((answer.rows.len(), answer.truncated), (limit, truncated));
        }
    }
}
