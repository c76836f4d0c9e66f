//! What people type, and what they mean by it. It is Saturday, 21 November 2026, ten in the morning in London.

use super::parse;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().expect("a time")
}

#[track_caller]
fn check(text: &str, zone: Tz, expected: Option<&str>) {
    let read = parse(text, now(), zone).map(|at| at.format("%Y-%m-%dT%H:%MZ").to_string());
    assert_eq!(read.as_deref(), expected, "{text:?}");
}

#[test]
fn days_and_times_are_understood_as_they_are_said() {
    for (text, expected) in [
        ("today", "2026-11-21T23:59Z"),
        ("Tomorrow", "2026-11-22T23:59Z"),
        ("fri", "2026-11-27T23:59Z"),
        ("sat", "2026-11-28T23:59Z"),
        ("next fri", "2026-11-27T23:59Z"),
        ("next week", "2026-11-23T23:59Z"),
        ("next month", "2026-12-01T23:59Z"),
        ("end of month", "2026-11-30T23:59Z"),
        ("monday 9:30", "2026-11-23T09:30Z"),
        ("monday at 5pm", "2026-11-23T17:00Z"),
        ("12am", "2026-11-21T00:00Z"),
        ("17:00", "2026-11-21T17:00Z"),
        ("in 3 hours", "2026-11-21T13:00Z"),
        ("in a week", "2026-11-28T23:59Z"),
        ("in 2 weeks", "2026-12-05T23:59Z"),
        ("in 3 months", "2027-02-21T23:59Z"),
        ("3d", "2026-11-24T23:59Z"),
        ("24 dec", "2026-12-24T23:59Z"),
        ("Dec 24", "2026-12-24T23:59Z"),
        ("December 24th, 2027", "2027-12-24T23:59Z"),
        ("1 mar", "2027-03-01T23:59Z"),
        ("24.12.", "2026-12-24T23:59Z"),
        ("24.12.2026 18:00", "2026-12-24T18:00Z"),
        ("2026-12-24", "2026-12-24T23:59Z"),
        ("2026-12-24 17:00", "2026-12-24T17:00Z"),
    ] {
        check(text, Tz::UTC, Some(expected));
    }
}

#[test]
fn a_day_is_the_day_where_somebody_is() {
    check("today", Tz::Pacific__Auckland, Some("2026-11-21T10:59Z"));
    check(
        "tomorrow 9:00",
        Tz::America__New_York,
        Some("2026-11-22T14:00Z"),
    );
}

#[test]
fn an_hour_that_is_skipped_is_the_next_one() {
    check(
        "2027-03-28 02:30",
        Tz::Europe__Vienna,
        Some("2027-03-28T01:30Z"),
    );
}

#[test]
fn what_is_not_understood_is_not_guessed() {
    for text in [
        "",
        "soon",
        "in many days",
        "31 feb",
        "in 99999999999 days",
        "in 10001 weeks",
        "2026-13-01",
        "25:00",
        "13pm",
        "fri fri",
        "next",
        "in",
        "24.12.99999",
        &"9".repeat(500),
    ] {
        check(text, Tz::UTC, None);
    }
}
