//! Schedules: when something is to be done again and again, by a cron expression or in even steps, in a time zone.
//!
//! An expression names times on the wall. Each of them comes once: one that the clocks skip comes at the first moment behind
//! the gap (together with others that fall there, once), one that they show twice comes the first time. What is to go on in
//! even steps through such nights is given in seconds ([`Rhythm::Every`]).

mod missed;

pub use missed::{MISSED_AFTER, MISSED_MAX, MissedPolicy};

use crate::field::{FieldCode, Invalid};
use crate::text::{Limit, checked_text, line};
use chrono::{DateTime, Days, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

/// The least number of seconds between two runs, that of a cron expression too: below a minute something is not scheduled,
/// it runs.
pub const EVERY_S_MIN: u32 = 60;
/// The greatest number of seconds between two runs: a leap year. What is rarer is a date, which an expression names.
pub const EVERY_S_MAX: u32 = 366 * 24 * 60 * 60;
/// Most characters of an expression: lists of single minutes are long, and nobody writes a longer one.
const CRON_CHARS_MAX: usize = 200;
/// How far clocks can be set forward at once; a zone that skipped a whole day, when it crossed the date line, is among them.
const GAP_MINUTES_MAX: i64 = 25 * 60;

checked_text! {
    /// A schedule's name: one line, 1 to 80 characters.
    ScheduleName, |text| line(text, Limit::Chars(80))
}

checked_text! {
    /// A cron expression of the five standard fields, such as `0 8 * * 1-5`, in capitals and with single spaces.
    CronExpression, |text| {
        let text = line(text, Limit::Chars(CRON_CHARS_MAX))?;
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_uppercase();
        let cron = parse(&text)?;
        // From any moment: what never comes never comes from here either.
        if next_local(&cron, NaiveDateTime::default()).is_none() {
            return Err(wrong("that date never comes"));
        }
        Ok(text)
    }
}

fn wrong(why: &str) -> Invalid {
    let message = format!(
        "must be a cron expression of five fields (minute, hour, day of the month, month, day of the week), such as \
         0 8 * * 1-5: {why}"
    );
    Invalid::new(FieldCode::Invalid, message)
}

fn parse(text: &str) -> Result<Cron, Invalid> {
    let fields = text.split(' ').count();
    if fields != 5 {
        return Err(wrong(&format!("it has {fields} of them")));
    }
    // The crate knows more signs than it says no to with a sentence.
    let is_known =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '*' | ',' | '-' | '/' | '#');
    if let Some(odd) = text.chars().find(|c| !is_known(*c)) {
        return Err(wrong(&format!("it has the character {odd:?}")));
    }
    if text.split([' ', ',']).any(str::is_empty) {
        return Err(wrong("a list has an empty place"));
    }
    let parser = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build();
    parser.parse(text).map_err(|error| {
        let why = error.to_string();
        wrong(why.trim_end_matches('.'))
    })
}

/// The next time on the wall behind this one.
fn next_local(cron: &Cron, after: NaiveDateTime) -> Option<NaiveDateTime> {
    // In UTC every time on the wall comes, and once: what zones make of it is ours.
    let next = cron.find_next_occurrence(&after.and_utc(), false).ok()?;
    Some(next.naive_utc())
}

/// What decides when a schedule runs.
#[derive(Debug, Clone)]
enum Rhythm {
    /// At times on the wall.
    Cron(Box<Cron>),
    /// In even steps from a moment.
    Every {
        step: TimeDelta,
        since: DateTime<Utc>,
    },
}

/// When a schedule runs. Made of what is stored, which was checked when it was written.
#[derive(Debug, Clone)]
pub struct Timetable {
    rhythm: Rhythm,
    zone: Tz,
}

impl Timetable {
    /// At the times of an expression, in a zone.
    pub fn of_cron(expression: &str, zone: &str) -> Result<Self, Invalid> {
        Ok(Self {
            rhythm: Rhythm::Cron(Box::new(parse(expression)?)),
            zone: known(zone)?,
        })
    }

    /// Each so many seconds, counted from a moment.
    pub fn every(seconds: u32, since: DateTime<Utc>, zone: &str) -> Result<Self, Invalid> {
        let step = TimeDelta::seconds(i64::from(checked_every(seconds.into())?));
        Ok(Self {
            rhythm: Rhythm::Every { step, since },
            zone: known(zone)?,
        })
    }

    /// The first time behind this one; `None` when there is none.
    ///
    /// ```
    /// use millstream_domain::schedule::Timetable;
    ///
    /// let weekdays = Timetable::of_cron("0 8 * * 1-5", "Europe/Vienna").unwrap();
    /// // A Friday, after eight.
    /// let after = "2026-11-20T12:00:00Z".parse().unwrap();
    /// let monday = weekdays.next_after(after).unwrap();
    /// assert_eq!(monday.to_rfc3339(), "2026-11-23T07:00:00+00:00");
    /// ```
    #[must_use]
    pub fn next_after(&self, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.rhythm {
            Rhythm::Every { step, since } => {
                let steps = (after - since).num_seconds().div_euclid(step.num_seconds());
                let behind = i32::try_from(steps.saturating_add(1)).ok()?;
                let next = since.checked_add_signed(step.checked_mul(behind.max(1))?)?;
                Some(next)
            }
            Rhythm::Cron(cron) => {
                let mut local = after.with_timezone(&self.zone).naive_local();
                // Where clocks show an hour twice, the times of its first showing are over in the second.
                loop {
                    local = next_local(cron, local)?;
                    let moment = moment(local, self.zone)?;
                    if moment > after {
                        return Some(moment);
                    }
                }
            }
        }
    }

    /// The next times behind this one, at most so many.
    pub fn upcoming(
        &self,
        after: DateTime<Utc>,
        count: usize,
    ) -> impl Iterator<Item = DateTime<Utc>> {
        let next = |at: &DateTime<Utc>| self.next_after(*at);
        std::iter::successors(self.next_after(after), next).take(count)
    }
}

/// A number of seconds between two runs, within its bounds.
pub fn checked_every(seconds: i64) -> Result<u32, Invalid> {
    let within = u32::try_from(seconds).ok();
    within
        .filter(|seconds| (EVERY_S_MIN..=EVERY_S_MAX).contains(seconds))
        .ok_or_else(|| {
            let message = format!("must be {EVERY_S_MIN} to {EVERY_S_MAX} seconds");
            Invalid::new(FieldCode::OutOfRange, message)
        })
}

fn known(zone: &str) -> Result<Tz, Invalid> {
    zone.parse()
        .map_err(|_| Invalid::new(FieldCode::NotOneOf, "must be a time zone name"))
}

/// The moment of a time on the wall: the first of two, and behind the gap for one that is skipped.
fn moment(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    let exists = |local: NaiveDateTime| zone.from_local_datetime(&local).earliest();
    if let Some(found) = exists(local) {
        return Some(found.to_utc());
    }
    // Times up to the end of the gap do not exist, and all behind it do: halving finds the first that does.
    let (mut skipped, mut behind) = (0, GAP_MINUTES_MAX);
    while behind - skipped > 1 {
        let middle = skipped + (behind - skipped) / 2;
        match exists(local.checked_add_signed(TimeDelta::minutes(middle))?) {
            Some(_) => behind = middle,
            None => skipped = middle,
        }
    }
    let found = exists(local.checked_add_signed(TimeDelta::minutes(behind))?);
    // A zone that does worse than any so far is one day late, rather than never.
    found
        .or_else(|| exists(local.checked_add_days(Days::new(1))?))
        .map(|at| at.to_utc())
}

#[cfg(test)]
mod tests;
