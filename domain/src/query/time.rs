//! Times in queries: what is typed, and which stretch of time that is for somebody in a time zone.

use chrono::{DateTime, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

/// A condition on a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeFilter {
    /// There is none.
    Never,
    /// It stands in this relation to a moment.
    Compared(Comparison, Moment),
}

/// How a time stands to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Before it.
    Before,
    /// Before it or within it.
    Until,
    /// Within it.
    Within,
    /// Within it or after it.
    From,
    /// After it.
    After,
}

/// A point in time, or a day, as it is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(NaiveDate),
    /// So many days from today: -1 is yesterday.
    DayFromToday(i8),
    /// So much from now; negative lies in the past.
    FromNow(i32, TimeUnit),
}

/// What time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// `h`
    Hours,
    /// `d`
    Days,
    /// `w`
    Weeks,
    /// `m`
    Months,
    /// `y`
    Years,
}

/// A stretch of time: from its start on, and before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first moment in it; `None` for all of the past.
    pub from: Option<DateTime<Utc>>,
    /// The first moment behind it; `None` for all of the future.
    pub until: Option<DateTime<Utc>>,
}

impl TimeFilter {
    /// The stretch of time that is meant, now and in this zone; `None` for "there is none".
    #[must_use]
    pub fn range(self, now: DateTime<Utc>, zone: Tz) -> Option<TimeRange> {
        let Self::Compared(comparison, moment) = self else {
            return None;
        };
        let (start, end) = moment.bounds(comparison, now, zone);
        let (from, until) = match comparison {
            Comparison::Before => (None, Some(start)),
            Comparison::Until => (None, Some(end)),
            Comparison::Within => (Some(start), Some(end)),
            Comparison::From => (Some(start), None),
            Comparison::After => (Some(end), None),
        };
        Some(TimeRange { from, until })
    }
}

impl Moment {
    /// Its first moment and the first one behind it. A day is a day in the zone; what is counted from now is an instant,
    /// unless something is to lie within it, which is then the day of that instant.
    fn bounds(
        self,
        comparison: Comparison,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> (DateTime<Utc>, DateTime<Utc>) {
        let today = now.with_timezone(&zone).date_naive();
        let date = match self {
            Self::Day(date) => date,
            Self::DayFromToday(days) => today + TimeDelta::days(days.into()),
            Self::FromNow(amount, unit) => {
                let instant = unit.from(now, amount);
                if comparison != Comparison::Within {
                    return (instant, instant);
                }
                instant.with_timezone(&zone).date_naive()
            }
        };
        (start_of(date, zone), start_of(date + Days::new(1), zone))
    }
}

/// The first moment of a day. Where the clocks skip midnight, the day begins when they go on.
#[must_use]
pub fn start_of(date: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    (0..=24)
        .find_map(|quarters| {
            zone.from_local_datetime(&(midnight + TimeDelta::minutes(15 * quarters)))
                .earliest()
        })
        .map_or_else(|| midnight.and_utc(), |start| start.with_timezone(&Utc))
}

impl TimeUnit {
    /// So many of it from a moment on. The parser bounds the amounts, so this stays within what can be written down.
    fn from(self, now: DateTime<Utc>, amount: i32) -> DateTime<Utc> {
        let months = |months: i32| {
            let count = Months::new(months.unsigned_abs());
            let moved = if months < 0 {
                now.checked_sub_months(count)
            } else {
                now.checked_add_months(count)
            };
            moved.unwrap_or(now)
        };
        match self {
            Self::Hours => now + TimeDelta::hours(amount.into()),
            Self::Days => now + TimeDelta::days(amount.into()),
            Self::Weeks => now + TimeDelta::weeks(amount.into()),
            Self::Months => months(amount),
            Self::Years => months(amount.saturating_mul(12)),
        }
    }
}

/// Most digits of an amount: four keep every time within the years that can be written down.
const AMOUNT_DIGITS_MAX: usize = 4;
/// The years that days are accepted from: those that a four-digit year can name.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9_998;

/// Reads the value of a time field, comparison included; `Err` says what it may be.
pub(super) fn filter(value: &str) -> Result<TimeFilter, &'static str> {
    if value == "none" {
        return Ok(TimeFilter::Never);
    }
    let (comparison, rest) = match value.as_bytes() {
        [b'<', b'=', ..] => (Comparison::Until, &value[2..]),
        [b'>', b'=', ..] => (Comparison::From, &value[2..]),
        [b'<', ..] => (Comparison::Before, &value[1..]),
        [b'>', ..] => (Comparison::After, &value[1..]),
        _ => (Comparison::Within, value),
    };
    moment(rest).map(|moment| TimeFilter::Compared(comparison, moment)).ok_or(
        "must be a day such as 2026-12-01, today, tomorrow or yesterday, or a distance such as -7d or +2w \
         (h, d, w, m, y), after <, <=, > or >= if you like",
    )
}

fn moment(text: &str) -> Option<Moment> {
    match text {
        "yesterday" => return Some(Moment::DayFromToday(-1)),
        "today" => return Some(Moment::DayFromToday(0)),
        "tomorrow" => return Some(Moment::DayFromToday(1)),
        _ => {}
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        use chrono::Datelike as _;
        return YEARS.contains(&date.year()).then_some(Moment::Day(date));
    }
    let (negative, amount) = match text.strip_prefix('-') {
        Some(amount) => (true, amount),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = amount.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > AMOUNT_DIGITS_MAX {
        return None;
    }
    let unit = match &amount[digits..] {
        "h" => TimeUnit::Hours,
        "d" => TimeUnit::Days,
        "w" => TimeUnit::Weeks,
        "m" => TimeUnit::Months,
        "y" => TimeUnit::Years,
        _ => return None,
    };
    let count: i32 = amount[..digits].parse().ok()?;
    Some(Moment::FromNow(if negative { -count } else { count }, unit))
}
