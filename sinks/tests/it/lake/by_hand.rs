//! Small histories that are written out, and the numbers that `docs/ANALYTICS.md` gives for them, worked out by hand: nothing here
//! computes what is expected.

mod days;
mod moves;
mod story;

use super::world::PROJECTS;
use chrono::NaiveDate;
use millstream_analytics_engine::reports::distribution::Group;
use millstream_analytics_engine::reports::flow::Flow;
use millstream_analytics_engine::reports::{Day, Percentiles, Standing, Throughput};
use millstream_domain::task::Status::{Blocked, Done, InProgress, Todo};
use story::Story;

const ENG: usize = 0;
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// How many were made and finished on each day, from the first one on.
fn days(first: &str, counts: &[(u64, u64)]) -> Vec<Day> {
    let first: NaiveDate = first.parse().unwrap();
    let days = first.iter_days().zip(counts);
    days.map(|(day, (created, completed))| Day {
        day,
        created: *created,
        completed: *completed,
    })
    .collect()
}

fn levels(flow: &Flow) -> Vec<[i64; 4]> {
    let levels = flow.cumulative.iter();
    levels
        .map(|l| [l.todo, l.in_progress, l.blocked, l.done])
        .collect()
}

fn percentiles(count: u64, [p50, p85, p95]: [i64; 3]) -> Percentiles {
    Percentiles {
        count,
        p50_s: Some(p50),
        p85_s: Some(p85),
        p95_s: Some(p95),
    }
}

/// What was finished was finished, though it was taken up again. Without work in between nothing has a cycle time.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_up_again_is_finished_twice_and_its_cycle_begins_anew() {
    let mut story = Story::new();
    let wheel = story.make("2026-05-01T08:00:00Z", ENG, Todo);
    story.becomes("2026-05-01T09:00:00Z", wheel, InProgress);
    story.becomes("2026-05-01T10:00:00Z", wheel, Done); // cycle 1 h, lead 2 h
    let sack = story.make("2026-05-02T00:00:00Z", ENG, InProgress);
    story.becomes("2026-05-02T01:00:00Z", sack, Blocked);
    story.becomes("2026-05-02T02:00:00Z", sack, InProgress);
    story.becomes("2026-05-02T04:00:00Z", sack, Done); // both 4 h
    story.becomes("2026-05-03T10:00:00Z", wheel, InProgress); // taken up
    story.becomes("2026-05-03T10:30:00Z", wheel, Done); // cycle 30 min, lead 50.5 h
    story.becomes("2026-05-04T00:00:00Z", wheel, Todo); // taken up
    story.becomes("2026-05-05T00:00:00Z", wheel, Done); // never worked on since: lead 88 h
    story.make("2026-05-06T12:00:00Z", ENG, Done); // made and finished: lead 0
    let brought = story.bring("2026-05-06T12:00:00Z", ENG, Done); // finished elsewhere
    story.becomes("2026-05-07T09:00:00Z", brought, InProgress); // taken up
    story.becomes("2026-05-07T09:00:00Z", brought, Done); // cycle 0, lead 21 h

    let told = story.told().await;
    let flow = told.flow("2026-05-10T12:00:00Z", 10, PROJECTS[ENG]).await;
    let expected = Throughput {
        created: 4,
        completed: 6,
        reopened: 3,
        ..Throughput::default()
    };
    assert_eq!(flow.period, expected);
    // 0, 30 min, 1 h, 4 h
    assert_eq!(
        flow.cycle_time,
        percentiles(4, [HOUR / 2, 4 * HOUR, 4 * HOUR])
    );
    // 0, 2 h, 4 h, 21 h, 50.5 h, 88 h
    assert_eq!(
        flow.lead_time,
        percentiles(6, [4 * HOUR, 88 * HOUR, 88 * HOUR])
    );
    let counts = [
        (1, 1),
        (1, 1),
        (0, 1),
        (0, 0),
        (0, 1),
        (2, 1),
        (0, 1),
        (0, 0),
        (0, 0),
        (0, 0),
    ];
    assert_eq!(flow.days, days("2026-05-01", &counts));
    let mut expected = vec![
        [0, 0, 0, 1],
        [0, 0, 0, 2],
        [0, 0, 0, 2],
        [1, 0, 0, 1],
        [0, 0, 0, 2],
    ];
    expected.resize(10, [0, 0, 0, 4]);
    assert_eq!(levels(&flow), expected);
    assert_eq!(flow.now, Standing::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_away_or_thrown_away_counts_again_when_it_comes_back() {
    let mut story = Story::new();
    let made = "2026-05-01T08:00:00Z";
    let [put_away, finished, hidden, gone] = [Todo; 4].map(|status| story.make(made, ENG, status));
    let begun = story.make(made, ENG, InProgress);
    let thrown = story.make(made, ENG, Done);
    story.archive("2026-05-02T12:00:00Z", hidden);
    story.trash("2026-05-02T12:00:00Z", gone);
    story.becomes("2026-05-02T12:00:00Z", finished, Done);
    story.archive("2026-05-03T12:00:00Z", put_away);
    story.archive("2026-05-03T12:00:00Z", finished);
    story.remove("2026-05-03T12:00:00Z", gone);
    story.trash("2026-05-03T12:00:00Z", thrown);
    story.becomes("2026-05-04T12:00:00Z", hidden, Done);
    story.trash("2026-05-04T12:00:00Z", begun);
    story.restore("2026-05-05T12:00:00Z", put_away);
    story.restore("2026-05-06T12:00:00Z", begun);
    story.becomes("2026-05-07T08:00:00Z", begun, Done);

    let told = story.told().await;
    let now = "2026-05-10T12:00:00Z";
    let flow = told.flow(now, 10, PROJECTS[ENG]).await;
    let mut expected = vec![
        [4, 1, 0, 1],
        [1, 1, 0, 2], // hidden left, gone is in the trash
        [0, 1, 0, 1], // put_away left, thrown is in the trash; finished stays
        [0, 0, 0, 2], // begun is in the trash; hidden is done
        [1, 0, 0, 2], // put_away is back
        [1, 1, 0, 2], // begun is back
    ];
    expected.resize(10, [1, 0, 0, 3]);
    assert_eq!(levels(&flow), expected);
    let expected = Throughput {
        created: 6,
        completed: 4,
        ..Throughput::default()
    };
    assert_eq!(flow.period, expected);
    // The days in the trash are days.
    assert_eq!(flow.cycle_time, percentiles(1, [6 * DAY; 3]));
    // 0, 28 h, 76 h, 6 d
    assert_eq!(
        flow.lead_time,
        percentiles(4, [28 * HOUR, 6 * DAY, 6 * DAY])
    );
    let expected = Standing {
        open: 1,
        unassigned: 1,
        ..Standing::default()
    };
    assert_eq!(flow.now, expected);
    let groups = told.distribution(now, Group::Status).await;
    assert_eq!(groups, [(Some("done".into()), 1), (Some("todo".into()), 1)]);
    let groups = told.distribution(now, Group::Priority).await;
    assert_eq!(groups, [(Some("medium".into()), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn percentiles_of_nothing_are_none_and_of_few_are_one_of_them() {
    let mut story = Story::new();
    let slow = story.make("2026-05-02T08:00:00Z", ENG, InProgress);
    story.becomes("2026-05-02T08:00:20Z", slow, Done);
    let quick = story.make("2026-05-03T08:00:00Z", ENG, InProgress);
    // Not yet eleven seconds.
    story.becomes("2026-05-03T08:00:10.999Z", quick, Done);
    let told = story.told().await;
    for (now, expected) in [
        ("2026-05-04T12:00:00Z", Percentiles::default()),
        ("2026-05-03T12:00:00Z", percentiles(1, [10; 3])),
    ] {
        let flow = told.flow(now, 1, PROJECTS[ENG]).await;
        assert_eq!((flow.cycle_time, flow.lead_time), (expected, expected));
    }
    let both = told.flow("2026-05-03T12:00:00Z", 2, PROJECTS[ENG]).await;
    assert_eq!(both.cycle_time, percentiles(2, [10, 20, 20]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_due_time_counts_as_it_was_when_the_task_was_finished() {
    let mut story = Story::new();
    let due = "2026-05-02T12:00:00Z";
    let [just, late, none, later] = [Todo; 4].map(|s| story.make("2026-05-01T08:00:00Z", ENG, s));
    for task in [just, late, later] {
        story.is_due("2026-05-01T09:00:00Z", task, Some(due));
    }
    story.becomes(due, just, Done);
    story.becomes("2026-05-02T12:00:00.001Z", late, Done);
    story.becomes(due, none, Done);
    // In time as it was then; in vain when it was done again.
    story.becomes("2026-05-02T10:00:00Z", later, Done);
    story.is_due("2026-05-03T10:00:00Z", later, None);
    story.becomes("2026-05-03T11:00:00Z", later, Todo);
    story.becomes("2026-05-03T12:00:00Z", later, Done);
    let told = story.told().await;
    let flow = told.flow("2026-05-03T13:00:00Z", 3, PROJECTS[ENG]).await;
    let expected = Throughput {
        created: 4,
        completed: 5,
        reopened: 1,
        completed_with_due: 3,
        completed_on_time: 2,
    };
    assert_eq!(flow.period, expected);
}
