//! Due times as people type them: `fri`, `tomorrow 17:00`, `in 2 weeks`, `24 dec`, `2026-12-24 17:00`.
//!
//! A day alone ends with its last minute, so that something due on Friday is late on Saturday.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone,
    Utc, Weekday,
};
use chrono_tz::Tz;

/// When a day is over that was typed without a time.
const END_OF_DAY: NaiveTime = match NaiveTime::from_hms_opt(23, 59, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
/// Most characters that are looked at.
const CHARS_MAX: usize = 60;
/// Most days, weeks, months or hours from now.
const AMOUNT_MAX: u32 = 10_000;

/// The time that is meant, now and in this zone; `None` for what is not understood.
///
/// ```
/// use chrono_tz::Tz;
/// use millstream_domain::when;
///
/// // A Saturday.
/// let now = "2026-11-21T10:00:00Z".parse().unwrap();
/// let read = |text| when::parse(text, now, Tz::UTC).unwrap().to_rfc3339();
/// assert_eq!(read("fri"), "2026-11-27T23:59:00+00:00");
/// assert_eq!(read("tomorrow 17:00"), "2026-11-22T17:00:00+00:00");
/// assert_eq!(read("in 2 weeks"), "2026-12-05T23:59:00+00:00");
/// assert!(when::parse("soonish", now, Tz::UTC).is_none());
/// ```
#[must_use]
pub fn parse(text: &str, now: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
    if text.chars().count() > CHARS_MAX {
        return None;
    }
    let local_now = now.with_timezone(&zone).naive_local();
    let text = text.trim().to_lowercase().replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let local = from_now(&words, local_now).or_else(|| {
        let (day_words, time) = split_time(&words);
        let day = if day_words.is_empty() && time.is_some() {
            local_now.date()
        } else {
            day(day_words, local_now.date())?
        };
        Some(day.and_time(time.unwrap_or(END_OF_DAY)))
    })?;
    in_zone(local, zone)
}

/// `in 3 hours`, `in 2 weeks`, `3d`.
fn from_now(words: &[&str], now: NaiveDateTime) -> Option<NaiveDateTime> {
    let (amount, unit) = match words {
        ["in", amount, unit] => (*amount, *unit),
        [short] | ["in", short] => {
            short.split_at_checked(short.find(|c: char| !c.is_ascii_digit())?)?
        }
        _ => return None,
    };
    let amount: u32 = match amount {
        "a" | "an" | "one" => 1,
        digits => digits.parse().ok().filter(|n| *n <= AMOUNT_MAX)?,
    };
    let days = |days: u32| {
        let day = now.date().checked_add_days(Days::new(days.into()))?;
        Some(day.and_time(END_OF_DAY))
    };
    match unit {
        "h" | "hour" | "hours" => now.checked_add_signed(TimeDelta::hours(amount.into())),
        "min" | "minute" | "minutes" => now.checked_add_signed(TimeDelta::minutes(amount.into())),
        "d" | "day" | "days" => days(amount),
        "w" | "week" | "weeks" => days(amount * 7),
        "m" | "month" | "months" => {
            let day = now.date().checked_add_months(Months::new(amount))?;
            Some(day.and_time(END_OF_DAY))
        }
        "y" | "year" | "years" => {
            let day = now.date().checked_add_months(Months::new(amount * 12))?;
            Some(day.and_time(END_OF_DAY))
        }
        _ => None,
    }
}

/// The words of the day, and the time behind them.
fn split_time<'w>(words: &'w [&'w str]) -> (&'w [&'w str], Option<NaiveTime>) {
    let Some((last, before)) = words.split_last() else {
        return (words, None);
    };
    match time(last) {
        None => (words, None),
        Some(time) => match before.split_last() {
            Some((&"at", before)) => (before, Some(time)),
            _ => (before, Some(time)),
        },
    }
}

/// `17:00`, `17h`, `5pm`, `noon`.
fn time(word: &str) -> Option<NaiveTime> {
    let hour = |digits: &str, add: u32| {
        let hour: u32 = digits.parse().ok().filter(|h| (1..=12).contains(h))?;
        NaiveTime::from_hms_opt(hour % 12 + add, 0, 0)
    };
    match word {
        "noon" => NaiveTime::from_hms_opt(12, 0, 0),
        "midnight" | "eod" => Some(END_OF_DAY),
        _ => NaiveTime::parse_from_str(word, "%H:%M")
            .ok()
            .or_else(|| hour(word.strip_suffix("pm")?, 12))
            .or_else(|| hour(word.strip_suffix("am")?, 0)),
    }
}

fn day(words: &[&str], today: NaiveDate) -> Option<NaiveDate> {
    match words {
        ["today" | "tonight"] => Some(today),
        ["tomorrow" | "tom" | "tmr"] => today.checked_add_days(Days::new(1)),
        ["yesterday"] => today.checked_sub_days(Days::new(1)),
        ["next", "week"] => Some(next(today, Weekday::Mon)),
        ["next", "month"] => today.checked_add_months(Months::new(1))?.with_day(1),
        ["end", "of", "month"] | ["eom"] => {
            let next = today.checked_add_months(Months::new(1))?.with_day(1)?;
            next.pred_opt()
        }
        ["next", name] => Some(next(next_week(today), weekday(name)?)),
        ["this" | "on", name] | [name] if weekday(name).is_some() => {
            Some(next(today, weekday(name)?))
        }
        [date] => NaiveDate::parse_from_str(date, "%Y-%m-%d")
            .ok()
            .or_else(|| NaiveDate::parse_from_str(date, "%d.%m.%Y").ok())
            .or_else(|| day_and_month(date, today)),
        [a, b] => of_month(a, b, today).or_else(|| of_month(b, a, today)),
        [a, b, year] => {
            let year = year.parse().ok().filter(|y| (1970..10_000).contains(y))?;
            let (day, month) = number_and_month(a, b).or_else(|| number_and_month(b, a))?;
            NaiveDate::from_ymd_opt(year, month, day)
        }
        _ => None,
    }
}

/// The last day of this week, from which on next week's days are looked for.
fn next_week(today: NaiveDate) -> NaiveDate {
    let left = 6 - today.weekday().num_days_from_monday();
    today
        .checked_add_days(Days::new(left.into()))
        .unwrap_or(today)
}

/// The next such day after this one: on a Friday, `fri` is in a week.
fn next(after: NaiveDate, wanted: Weekday) -> NaiveDate {
    let days = (7 + wanted.num_days_from_monday() - after.weekday().num_days_from_monday()) % 7;
    let days = if days == 0 { 7 } else { days };
    after
        .checked_add_days(Days::new(days.into()))
        .unwrap_or(after)
}

fn weekday(name: &str) -> Option<Weekday> {
    Some(match name {
        "mon" | "monday" => Weekday::Mon,
        "tue" | "tues" | "tuesday" => Weekday::Tue,
        "wed" | "wednesday" => Weekday::Wed,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thu,
        "fri" | "friday" => Weekday::Fri,
        "sat" | "saturday" => Weekday::Sat,
        "sun" | "sunday" => Weekday::Sun,
        _ => return None,
    })
}

/// `24.12.`
fn day_and_month(text: &str, today: NaiveDate) -> Option<NaiveDate> {
    let (day, month) = text.strip_suffix('.').unwrap_or(text).split_once('.')?;
    upcoming(day.parse().ok()?, month.parse().ok()?, today)
}

fn of_month(day: &str, month: &str, today: NaiveDate) -> Option<NaiveDate> {
    let (day, month) = number_and_month(day, month)?;
    upcoming(day, month, today)
}

fn number_and_month(day: &str, name: &str) -> Option<(u32, u32)> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let digits = day.trim_end_matches(|c: char| !c.is_ascii_digit());
    let at = MONTHS
        .iter()
        .position(|month| name.len() >= 3 && month.starts_with(name))?;
    Some((digits.parse().ok()?, u32::try_from(at).ok()? + 1))
}

/// That day of this year, or of the next if it has passed.
fn upcoming(day: u32, month: u32, today: NaiveDate) -> Option<NaiveDate> {
    let this = NaiveDate::from_ymd_opt(today.year(), month, day);
    this.filter(|date| *date >= today)
        .or_else(|| NaiveDate::from_ymd_opt(today.year() + 1, month, day))
}

/// A local time as a moment. One that is skipped when clocks go forward is an hour later; of two, the first is meant.
fn in_zone(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let found = zone.from_local_datetime(&local).earliest().or_else(|| {
        let later = local.checked_add_signed(TimeDelta::hours(1))?;
        zone.from_local_datetime(&later).earliest()
    })?;
    Some(found.with_timezone(&Utc))
}

#[cfg(test)]
mod tests;
