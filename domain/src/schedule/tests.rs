//! Times of expressions and steps, above all in nights when clocks are set.

use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The next times, in the zone.
fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let expression = CronExpression::new(cron).expect("an expression");
    let timetable = Timetable::of_cron(expression.as_str(), zone).expect("a timetable");
    let tz: Tz = zone.parse().expect("a zone");
    let upcoming = timetable.upcoming(utc(after), count);
    upcoming
        .map(|at| at.with_timezone(&tz).format("%m-%d %H:%M %z").to_string())
        .collect()
}

#[test]
fn a_time_that_clocks_skip_comes_once_at_the_first_moment_that_exists() {
    // From two to three.
    let vienna = times("30 2 * * *", "Europe/Vienna", "2026-03-28T00:00:00Z", 3);
    assert_eq!(
        vienna,
        [
            "03-28 02:30 +0100",
            "03-29 03:00 +0200",
            "03-30 02:30 +0200"
        ]
    );
    let crowded = times("*/20 2,3 * * *", "Europe/Vienna", "2026-03-29T00:00:00Z", 4);
    assert_eq!(
        crowded,
        [
            "03-29 03:00 +0200",
            "03-29 03:20 +0200",
            "03-29 03:40 +0200",
            "03-30 02:00 +0200"
        ]
    );
    // Where three o'clock is meant beside, it is not run twice.
    let st_johns = times(
        "15,45 2 * * *",
        "America/St_Johns",
        "2026-03-08T00:00:00Z",
        3,
    );
    assert_eq!(
        st_johns,
        [
            "03-08 03:00 -0230",
            "03-09 02:15 -0230",
            "03-09 02:45 -0230"
        ]
    );
    // By half an hour only: from two to half past.
    let lord_howe = times(
        "10,40 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00:00Z",
        3,
    );
    assert_eq!(
        lord_howe,
        [
            "10-04 02:30 +1100",
            "10-04 02:40 +1100",
            "10-05 02:10 +1100"
        ]
    );
}

#[test]
fn a_time_that_clocks_show_twice_comes_the_first_time() {
    let vienna = times("30 2 * * *", "Europe/Vienna", "2026-10-24T12:00:00Z", 2);
    assert_eq!(vienna, ["10-25 02:30 +0200", "10-26 02:30 +0100"]);
    let st_johns = times("30 1 * * *", "America/St_Johns", "2026-10-31T12:00:00Z", 2);
    assert_eq!(st_johns, ["11-01 01:30 -0230", "11-02 01:30 -0330"]);
    let lord_howe = times(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00:00Z",
        2,
    );
    assert_eq!(lord_howe, ["04-05 01:45 +1100", "04-06 01:45 +1030"]);
    // Asked in the second showing: what came in the first is over.
    let within = times("*/15 * * * *", "Europe/Vienna", "2026-10-25T01:10:00Z", 2);
    assert_eq!(within, ["10-25 03:00 +0100", "10-25 03:15 +0100"]);
}

#[test]
fn a_day_that_a_zone_left_out_comes_when_the_next_begins() {
    let apia = times("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3);
    assert_eq!(
        apia,
        [
            "12-29 09:00 -1000",
            "12-31 00:00 +1400",
            "12-31 09:00 +1400"
        ]
    );
}

/// Every minute of a year on the wall, against the slow way: each asked whether it is meant.
#[test]
fn a_year_of_every_zone_is_what_the_wall_showed() {
    for zone in [
        "Europe/Vienna",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "UTC",
        "Asia/Kathmandu",
    ] {
        let tz: Tz = zone.parse().expect("a zone");
        let timetable = Timetable::of_cron("*/30 1-3 * * *", zone).expect("a timetable");
        let (mut at, end) = (utc("2026-01-01T00:00:00Z"), utc("2027-01-01T00:00:00Z"));
        let mut expected = std::collections::BTreeSet::new();
        let mut day = at.with_timezone(&tz).date_naive();
        while day <= end.with_timezone(&tz).date_naive() {
            for half_hour in 2..8 {
                let local = day
                    .and_hms_opt(half_hour / 2, half_hour % 2 * 30, 0)
                    .expect("a time");
                // Minute by minute until one exists.
                let exists = (0..180).find_map(|minutes| {
                    tz.from_local_datetime(&(local + TimeDelta::minutes(minutes)))
                        .earliest()
                });
                expected.insert(exists.expect("gaps are short").to_utc());
            }
            day = day.succ_opt().expect("there is a next day");
        }
        let mut found = std::collections::BTreeSet::new();
        while let Some(next) = timetable.next_after(at).filter(|next| *next < end) {
            found.insert(next);
            at = next;
        }
        expected.retain(|at| {
            (utc("2026-01-01T00:00:00Z")..end).contains(at) && *at > utc("2026-01-01T00:00:00Z")
        });
        assert_eq!(found, expected, "{zone}");
    }
}

#[test]
fn dates_that_some_months_lack_are_left_out_there() {
    let last = times("0 0 31 * *", "UTC", "2026-01-31T00:00:00Z", 4);
    assert_eq!(
        last,
        [
            "03-31 00:00 +0000",
            "05-31 00:00 +0000",
            "07-31 00:00 +0000",
            "08-31 00:00 +0000"
        ]
    );
    let timetable = Timetable::of_cron("0 0 29 2 *", "UTC").expect("a timetable");
    let leap: Vec<_> = timetable.upcoming(utc("2026-01-01T00:00:00Z"), 3).collect();
    let days = [
        "2028-02-29T00:00:00Z",
        "2032-02-29T00:00:00Z",
        "2036-02-29T00:00:00Z",
    ];
    assert_eq!(leap, days.map(utc));
    // No leap year.
    let timetable = Timetable::of_cron("0 0 29 2 *", "UTC").expect("a timetable");
    assert_eq!(
        timetable.next_after(utc("2097-01-01T00:00:00Z")),
        Some(utc("2104-02-29T00:00:00Z"))
    );
}

#[test]
fn an_expression_is_kept_in_capitals_with_single_spaces() {
    let kept = CronExpression::new("  0  8 * jan-mar  mon ").map(CronExpression::into_string);
    assert_eq!(kept.as_deref(), Ok("0 8 * JAN-MAR MON"));
    assert!(
        CronExpression::new("0 8 L * *").is_ok(),
        "the last day of a month"
    );
    assert!(
        CronExpression::new("0 8 * * 5#2").is_ok(),
        "the second Friday"
    );
}

#[test]
fn what_is_no_expression_or_never_comes_is_refused_with_a_sentence() {
    for bad in [
        "",
        "* * * *",
        "* * * * * *",
        "@daily",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "a b c d e",
        "*/0 * * * *",
        "5-1 * * * *",
        "1,,2 * * * *",
        "* * * * mo",
        "0 0 31 2 *",
        "0 0 30 feb *",
        "0 0 31 4,6,9,11 *",
        "* * * * \u{1f600}",
        "*/99999999999999999999 * * * *",
        "-1 * * * *",
        "1.5 * * * *",
        "0 0 ? * *",
    ] {
        let refused = CronExpression::new(bad);
        assert!(refused.is_err(), "{bad} was taken for {refused:?}");
    }
    let never = CronExpression::new("0 0 31 2 *").expect_err("there is no such day");
    assert!(
        never.message.ends_with("that date never comes"),
        "{}",
        never.message
    );
    let six = CronExpression::new("* * * * * *").expect_err("seconds");
    assert!(six.message.ends_with("it has 6 of them"), "{}", six.message);
}

#[test]
fn steps_stay_even_whatever_clocks_do() {
    let since = utc("2026-03-29T00:00:00Z");
    let timetable = Timetable::every(3_600, since, "Europe/Vienna").expect("a timetable");
    let next: Vec<_> = timetable.upcoming(since, 3).collect();
    assert_eq!(next, [1, 2, 3].map(|hours| since + TimeDelta::hours(hours)));
    let between = timetable.next_after(since + TimeDelta::minutes(90));
    assert_eq!(between, Some(since + TimeDelta::hours(2)));
    // Before it begins, the first step is still the first.
    let before = timetable.next_after(since - TimeDelta::days(3));
    assert_eq!(before, Some(since + TimeDelta::hours(1)));
    assert!(checked_every(59).is_err() && checked_every(60).is_ok());
    assert!(checked_every(i64::MAX).is_err() && checked_every(-60).is_err());
}

#[test]
fn each_policy_makes_up_for_as_many_as_it_says() {
    let since = utc("2026-01-01T00:00:00Z");
    let hourly = Timetable::every(3_600, since, "UTC").expect("a timetable");
    // Ten hours without anybody, and a bit.
    let now = since + TimeDelta::hours(10) + TimeDelta::minutes(5);
    let made_up_for = |policy: MissedPolicy, most| {
        let due: Vec<_> = hourly.upcoming(since, 10).collect();
        let runs = due
            .iter()
            .filter(|due| !policy.leaves_out(&hourly, most, **due, now));
        runs.map(|due| (*due - since).num_hours())
            .collect::<Vec<_>>()
    };
    assert_eq!(made_up_for(MissedPolicy::Skip, 9), [0; 0]);
    assert_eq!(made_up_for(MissedPolicy::Once, 9), [10]);
    assert_eq!(made_up_for(MissedPolicy::All, 3), [8, 9, 10]);
    assert_eq!(made_up_for(MissedPolicy::All, 50).len(), 10);
    let in_time = since + TimeDelta::hours(1) + MISSED_AFTER;
    let due = since + TimeDelta::hours(1);
    for policy in MissedPolicy::ALL {
        assert!(!policy.leaves_out(&hourly, 1, due, in_time), "{policy}");
    }
}
