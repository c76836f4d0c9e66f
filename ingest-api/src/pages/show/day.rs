//! Days and times, in the viewer's zone and as people say them.

use crate::pages::texts::ENGLISH;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use std::fmt::Display;

/// When something is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// As people say it: `Today`, `Fri 27 Nov`.
    pub(crate) text: String,
    /// Exactly, for a tooltip.
    pub(crate) full: String,
    /// For machines.
    pub(crate) iso: String,
    /// `late`, `soon` or nothing.
    pub(crate) class: &'static str,
}

impl Due {
    /// How a due time looks now.
    pub(crate) fn of(due: DateTime<Utc>, now: DateTime<Utc>, zone: Tz, is_done: bool) -> Self {
        let (day, today) = (local(due, zone).date_naive(), local(now, zone).date_naive());
        let class = match due {
            _ if is_done => "",
            due if due < now => "late",
            _ if day <= today + TimeDelta::days(1) => "soon",
            _ => "",
        };
        Self {
            text: in_words(day, today),
            full: full(due, zone),
            iso: due.to_rfc3339(),
            class,
        }
    }
}

/// When something happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// As people say it: `5 min ago`.
    pub(crate) text: String,
    /// Exactly, for a tooltip.
    pub(crate) full: String,
    /// For machines.
    pub(crate) iso: String,
}

impl Moment {
    /// How a time in the past looks now.
    pub(crate) fn of(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            text: ago(at, now, zone),
            full: full(at, zone),
            iso: at.to_rfc3339(),
        }
    }

    /// How a time that lies ahead looks now.
    pub(crate) fn ahead(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> Self {
        Self {
            text: ahead(at, now, zone),
            ..Self::of(at, now, zone)
        }
    }
}

fn local(at: DateTime<Utc>, zone: Tz) -> DateTime<Tz> {
    at.with_timezone(&zone)
}

fn full(at: DateTime<Utc>, zone: Tz) -> String {
    let at = local(at, zone);
    let time = at.format("%H:%M (%Z)").to_string();
    said(ENGLISH.exactly, at.date_naive()).replace("{time}", &time)
}

/// A day in words: the parts of a pattern of the texts are filled in.
pub(crate) fn said(pattern: &str, day: NaiveDate) -> String {
    let nth = |words: &'static str, at: u32| {
        let mut words = words.split(' ');
        words.nth(at as usize).unwrap_or_default()
    };
    let (weekday, month) = (day.weekday().num_days_from_monday(), day.month0());
    pattern
        .replace("{weekday}", nth(ENGLISH.weekdays, weekday))
        .replace("{wday}", nth(ENGLISH.weekdays_short, weekday))
        .replace("{month}", nth(ENGLISH.months, month))
        .replace("{mon}", nth(ENGLISH.months_short, month))
        .replace("{day}", &day.day().to_string())
        .replace("{year}", &day.year().to_string())
}

/// When a day begins in a zone. Where clocks skip midnight, at the first time there is: an hour later will do.
pub(crate) fn begin(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    let local = zone.from_local_datetime(&midnight).earliest();
    let local = local.or_else(|| {
        let one = midnight.checked_add_signed(TimeDelta::hours(1))?;
        zone.from_local_datetime(&one).earliest()
    });
    local.map(|at| at.with_timezone(&Utc))
}

/// A day in the past, as a heading.
pub(crate) fn day_title(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (day, today) = (local(at, zone).date_naive(), local(now, zone).date_naive());
    match (today - day).num_days() {
        0 => ENGLISH.today.to_owned(),
        1 => ENGLISH.yesterday.to_owned(),
        _ if day.year() == today.year() => said(ENGLISH.day_title, day),
        _ => said(ENGLISH.day_title_in_any_year, day),
    }
}

fn in_words(day: NaiveDate, today: NaiveDate) -> String {
    match (day - today).num_days() {
        -1 => ENGLISH.yesterday.to_owned(),
        0 => ENGLISH.today.to_owned(),
        1 => ENGLISH.tomorrow.to_owned(),
        2..7 => said(ENGLISH.day_in_week, day),
        _ if day.year() == today.year() => said(ENGLISH.due_in_year, day),
        _ => said(ENGLISH.day_in_any_year, day),
    }
}

/// A text with its gap filled.
fn filled(text: &str, with: impl Display) -> String {
    text.replace("{}", &with.to_string())
}

fn ago(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (day, today) = (local(at, zone).date_naive(), local(now, zone).date_naive());
    let past = now - at;
    match past.num_seconds() {
        ..60 => ENGLISH.just_now.to_owned(),
        60..3_600 => filled(ENGLISH.minutes_ago, past.num_minutes()),
        3_600..86_400 if day == today => filled(ENGLISH.hours_ago, past.num_hours()),
        _ if day + TimeDelta::days(1) == today => {
            filled(ENGLISH.yesterday_at, local(at, zone).format("%H:%M"))
        }
        _ if day.year() == today.year() => said(ENGLISH.day_in_year, day),
        _ => said(ENGLISH.day_in_any_year, day),
    }
}

fn ahead(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    let (day, today) = (local(at, zone).date_naive(), local(now, zone).date_naive());
    let left = at - now;
    match left.num_seconds() {
        ..1 => ENGLISH.at_once.to_owned(),
        seconds @ 1..60 => filled(ENGLISH.in_seconds, seconds),
        60..3_600 => filled(ENGLISH.in_minutes, left.num_minutes()),
        3_600..86_400 if day == today => filled(ENGLISH.in_hours, left.num_hours()),
        _ => in_words(day, today),
    }
}

/// Which part of the day it is where the viewer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartOfDay {
    Morning,
    Day,
    Evening,
}

impl PartOfDay {
    pub(crate) fn of(now: DateTime<Utc>, zone: Tz) -> Self {
        match local(now, zone).hour() {
            4..11 => Self::Morning,
            11..18 => Self::Day,
            _ => Self::Evening,
        }
    }
}

/// A date as `YYYY-MM-DD HH:MM` in the viewer's zone, as the due field shows and reads it.
pub(crate) fn editable(at: DateTime<Utc>, zone: Tz) -> String {
    let at = local(at, zone);
    // A day without a time ends with it.
    if (at.hour(), at.minute()) == (23, 59) {
        return at.format("%Y-%m-%d").to_string();
    }
    at.format("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn due_times_are_said_in_the_zone_of_the_viewer() {
        let now = at("2026-11-21T22:30:00Z");
        let vienna = Tz::Europe__Vienna;
        let said = |due: &str, zone| {
            let due = Due::of(at(due), now, zone, false);
            (due.text, due.class)
        };
        assert_eq!(
            said("2026-11-21T23:30:00Z", Tz::UTC),
            ("Today".into(), "soon")
        );
        assert_eq!(
            said("2026-11-21T23:30:00Z", vienna),
            ("Tomorrow".into(), "soon")
        );
        assert_eq!(
            said("2026-11-21T12:00:00Z", vienna),
            ("Today".into(), "late")
        );
        assert_eq!(
            said("2026-11-25T12:00:00Z", vienna),
            ("Wednesday".into(), "")
        );
        assert_eq!(
            said("2026-12-24T12:00:00Z", vienna),
            ("Thu 24 Dec".into(), "")
        );
        assert_eq!(
            said("2027-01-02T12:00:00Z", vienna),
            ("2 Jan 2027".into(), "")
        );
    }

    #[test]
    fn every_weekday_and_month_has_its_name() {
        for (day, name) in [
            ("2026-01-05", "Monday, 5 January 2026"),
            ("2026-12-27", "Sunday, 27 December 2026"),
        ] {
            let day = day.parse().unwrap_or_default();
            assert_eq!(said(ENGLISH.day_title_in_any_year, day), name);
        }
        let exactly = full(at("2026-11-21T22:30:00Z"), Tz::UTC);
        assert_eq!(exactly, "Saturday, 21 November 2026, 22:30 (UTC)");
    }

    #[test]
    fn a_day_begins_where_the_viewer_is() {
        let said = |year, month, day, zone| {
            let day = NaiveDate::from_ymd_opt(year, month, day)?;
            begin(day, zone).map(|at| at.to_rfc3339())
        };
        let vienna = said(2026, 11, 21, Tz::Europe__Vienna);
        assert_eq!(vienna.as_deref(), Some("2026-11-20T23:00:00+00:00"));
        let after = said(2026, 11, 22, Tz::UTC);
        assert_eq!(after.as_deref(), Some("2026-11-22T00:00:00+00:00"));
        // Clocks went from 23:59 to 1:00.
        let skipped = said(2018, 11, 4, Tz::America__Sao_Paulo);
        assert_eq!(skipped.as_deref(), Some("2018-11-04T03:00:00+00:00"));
    }

    #[test]
    fn what_lies_ahead_is_said_ever_more_roughly() {
        let now = at("2026-11-21T12:00:00Z");
        for (then, said) in [
            ("2026-11-21T11:59:00Z", "now"),
            ("2026-11-21T12:00:20Z", "in 20 s"),
            ("2026-11-21T12:05:00Z", "in 5 min"),
            ("2026-11-21T15:30:00Z", "in 3 h"),
            ("2026-11-22T00:30:00Z", "Tomorrow"),
            ("2027-11-02T08:00:00Z", "2 Nov 2027"),
        ] {
            assert_eq!(ahead(at(then), now, Tz::UTC), said, "{then}");
        }
    }

    #[test]
    fn the_past_is_said_ever_more_roughly() {
        let now = at("2026-11-21T12:00:00Z");
        for (then, said) in [
            ("2026-11-21T11:59:30Z", "just now"),
            ("2026-11-21T11:55:00Z", "5 min ago"),
            ("2026-11-21T08:59:00Z", "3 h ago"),
            ("2026-11-20T18:05:00Z", "yesterday, 18:05"),
            ("2026-11-02T08:00:00Z", "2 Nov"),
            ("2025-11-02T08:00:00Z", "2 Nov 2025"),
        ] {
            assert_eq!(ago(at(then), now, Tz::UTC), said, "{then}");
        }
    }
}
