//! The edges of days, where readers are: to the millisecond, and on days that are 23 and 25 hours long.

use super::story::Story;
use super::{ENG, HOUR, days, levels, percentiles};
use crate::lake::world::PROJECTS;
use chrono_tz::Tz;
use millstream_analytics_engine::reports::Standing;
use millstream_domain::task::Status::{Done, InProgress, Todo};

/// Makes tasks at these times, and compares how many were made on each day, from `first` to the one that `now` is in.
async fn check(zone: Tz, made: &[&str], now: &str, first: &str, expected: &[u64]) {
    let mut story = Story::new();
    for time in made {
        story.make(time, ENG, Todo);
    }
    let told = story.told().await.within(zone);
    let count = u32::try_from(expected.len()).unwrap();
    let flow = told.flow(now, count, PROJECTS[ENG]).await;
    let counts: Vec<_> = expected.iter().map(|created| (*created, 0)).collect();
    assert_eq!(flow.days, days(first, &counts), "{zone}");
    assert_eq!(flow.period.created, expected.iter().sum::<u64>(), "{zone}");
    assert_eq!(told.dashboard(now, count).await.days, flow.days, "{zone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_begins_at_midnight_where_the_reader_is_and_ends_a_moment_before_the_next() {
    // 29 March has 23 hours.
    check(
        Tz::Europe__Berlin,
        &[
            "2026-03-27T22:59:59.999Z", // before the first day
            "2026-03-27T23:00:00Z",
            "2026-03-28T22:59:59.999Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59.999Z",
            "2026-03-29T22:00:00Z",
        ],
        "2026-03-30T10:00:00Z",
        "2026-03-28",
        &[2, 2, 1],
    )
    .await;
    // 25 October has 25.
    check(
        Tz::Europe__Berlin,
        &[
            "2026-10-24T21:59:59.999Z",
            "2026-10-24T22:00:00Z",
            "2026-10-25T22:59:59.999Z",
            "2026-10-25T23:00:00Z",
        ],
        "2026-10-26T10:00:00Z",
        "2026-10-25",
        &[2, 1],
    )
    .await;
    // Fourteen hours ahead; now is the very midnight.
    check(
        Tz::Pacific__Kiritimati,
        &[
            "2026-05-09T09:59:59.999Z",
            "2026-05-09T10:00:00Z",
            "2026-05-10T09:59:59.999Z",
            "2026-05-10T10:00:00Z",
        ],
        "2026-05-10T10:00:00Z",
        "2026-05-10",
        &[2, 1],
    )
    .await;
    // Two and a half hours behind until 1 November, which has 25 hours; then three and a half.
    check(
        Tz::America__St_Johns,
        &[
            "2026-11-01T02:29:59.999Z",
            "2026-11-01T02:30:00Z",
            "2026-11-02T03:29:59.999Z",
            "2026-11-02T03:30:00Z",
        ],
        "2026-11-02T12:00:00Z",
        "2026-11-01",
        &[2, 1],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_at_midnight_changes_the_day_that_begins() {
    let mut story = Story::new();
    let task = story.make("2026-10-24T12:00:00Z", ENG, Todo);
    // 02:30 comes twice that night: an hour between them.
    story.becomes("2026-10-25T00:30:00Z", task, InProgress);
    story.becomes("2026-10-25T01:30:00Z", task, Done);
    let other = story.make("2026-10-25T12:00:00Z", ENG, Todo);
    story.becomes("2026-10-25T23:00:00Z", other, InProgress);
    let told = story.told().await.within(Tz::Europe__Berlin);
    let flow = told.flow("2026-10-26T10:00:00Z", 3, PROJECTS[ENG]).await;
    assert_eq!(levels(&flow), [[1, 0, 0, 0], [1, 0, 0, 1], [0, 1, 0, 1]]);
    assert_eq!(flow.cycle_time, percentiles(1, [HOUR; 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn due_today_is_what_is_due_on_the_readers_day_before_now_or_after() {
    let mut story = Story::new();
    for due in [
        "2026-03-29T21:59:59.999Z", // yesterday
        "2026-03-29T22:00:00Z",     // this midnight
        "2026-03-30T10:00:00Z",     // now
        "2026-03-30T21:59:59.999Z",
        "2026-03-30T22:00:00Z", // tomorrow
    ] {
        let task = story.make("2026-03-28T12:00:00Z", ENG, Todo);
        story.is_due("2026-03-28T12:00:00Z", task, Some(due));
    }
    let told = story.told().await.within(Tz::Europe__Berlin);
    let now = "2026-03-30T10:00:00Z";
    let expected = Standing {
        open: 5,
        overdue: 2,
        due_today: 3,
        unassigned: 5,
        ..Standing::default()
    };
    assert_eq!(told.flow(now, 1, PROJECTS[ENG]).await.now, expected);
}
