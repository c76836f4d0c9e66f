//! The days of a report, where the reader is: a day is from midnight to midnight there, whatever the clocks do between.

use arrow::array::{ArrayRef, AsArray, Int32Array};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, Days as CalendarDays, NaiveDate, Utc};
use chrono_tz::Tz;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use millstream_domain::query::start_of;
use std::sync::Arc;

/// Days that follow each other, the last of them today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    dates: Vec<NaiveDate>,
    /// The first moment of each day, and of the one after the last.
    starts: Vec<DateTime<Utc>>,
}

impl Days {
    /// So many days, at least one; the last of them is the one that `now` is in, in this zone.
    #[must_use]
    pub fn until(now: DateTime<Utc>, zone: Tz, count: u32) -> Self {
        let today = now.with_timezone(&zone).date_naive();
        let back = u64::from(count.max(1)) - 1;
        let first = today - CalendarDays::new(back);
        let dates: Vec<_> = first.iter_days().take_while(|day| *day <= today).collect();
        let after = today + CalendarDays::new(1);
        let starts = dates.iter().copied().chain([after]);
        Self {
            starts: starts.map(|date| start_of(date, zone)).collect(),
            dates,
        }
    }

    /// The days.
    #[must_use]
    pub fn dates(&self) -> &[NaiveDate] {
        &self.dates
    }

    /// When the first begins.
    #[must_use]
    pub fn begin(&self) -> DateTime<Utc> {
        self.starts[0]
    }

    /// When the last begins.
    #[must_use]
    pub fn last_begins(&self) -> DateTime<Utc> {
        self.starts[self.starts.len() - 2]
    }

    /// When the last ends.
    #[must_use]
    pub fn end(&self) -> DateTime<Utc> {
        self.starts[self.starts.len() - 1]
    }

    /// Which of the days a moment is in, counted from 0: -1 before the first, their number after the last.
    #[must_use]
    pub fn of(&self, at: DateTime<Utc>) -> i32 {
        place(&micros(&self.starts), at.timestamp_micros())
    }

    /// The same for SQL: `day_of(time)`.
    pub(crate) fn function(&self) -> ScalarUDF {
        let starts = micros(&self.starts);
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let day_of = move |arguments: &[ColumnarValue]| {
            let times = ColumnarValue::values_to_arrays(arguments)?;
            let times = times[0].as_primitive::<TimestampMicrosecondType>();
            let days: Int32Array = times
                .iter()
                .map(|time| time.map(|time| place(&starts, time)))
                .collect();
            Ok(ColumnarValue::Array(Arc::new(days) as ArrayRef))
        };
        let function = Arc::new(day_of);
        create_udf(
            "day_of",
            vec![time],
            DataType::Int32,
            Volatility::Immutable,
            function,
        )
    }
}

fn micros(starts: &[DateTime<Utc>]) -> Vec<i64> {
    starts.iter().map(DateTime::timestamp_micros).collect()
}

fn place(starts: &[i64], time: i64) -> i32 {
    let begun = starts.partition_point(|start| *start <= time);
    i32::try_from(begun).unwrap_or(i32::MAX) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn a_day_is_as_long_as_the_clocks_make_it() {
        let zone = chrono_tz::Europe::Vienna;
        let spring = Days::until(at("2026-03-30T10:00:00Z"), zone, 2);
        let length = spring.last_begins() - spring.begin();
        assert_eq!(length.num_hours(), 23);
        let autumn = Days::until(at("2026-10-26T10:00:00Z"), zone, 2);
        assert_eq!((autumn.last_begins() - autumn.begin()).num_hours(), 25);
    }

    #[test]
    fn a_moment_is_in_the_day_of_the_reader() {
        let days = Days::until(at("2026-07-02T10:00:00Z"), chrono_tz::Europe::Vienna, 2);
        assert_eq!(days.dates().len(), 2);
        assert_eq!(days.of(at("2026-06-30T21:59:59Z")), -1);
        assert_eq!(days.of(at("2026-06-30T22:00:00Z")), 0);
        assert_eq!(days.of(at("2026-07-01T21:59:59.999999Z")), 0);
        assert_eq!(days.of(at("2026-07-01T22:00:00Z")), 1);
        assert_eq!(days.of(at("2026-07-02T22:00:00Z")), 2);
    }
}
