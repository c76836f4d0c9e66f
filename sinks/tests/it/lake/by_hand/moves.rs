//! Tasks that go from project to project, from team to team and from hand to hand; and a team that has none.

use super::story::{Story, Told};
use super::{DAY, HOUR, days, levels, percentiles};
use crate::lake::world::{PEOPLE, PROJECTS, TEAMS};
use millstream_analytics_engine::reports::distribution::Group;
use millstream_analytics_engine::reports::team::Load;
use millstream_analytics_engine::reports::{Percentiles, Standing, Throughput};
use millstream_domain::task::Status::{Blocked, Done, InProgress, Todo};

/// The first two are the Millers', the last is the Bakers'.
const ENG: usize = 0;
const OPS: usize = 1;
const BAK: usize = 2;
/// Grace is of the Millers, Alan of the Bakers, Edsger of both.
const ADA: usize = 0;
const GRACE: usize = 1;
const ALAN: usize = 2;
const EDSGER: usize = 3;
const NOW: &str = "2026-05-10T12:00:00Z";

async fn handed_about() -> Told {
    let mut story = Story::new();
    let made = "2026-05-01T08:00:00Z";
    let wheel = story.make_for(made, ENG, Todo, &[GRACE]);
    let bread = story.make_for(made, BAK, Todo, &[ALAN, EDSGER]);
    let dam = story.make_for(made, OPS, Blocked, &[EDSGER]);
    story.is_due(made, dam, Some(NOW));
    story.assign("2026-05-02T09:00:00Z", bread, &[EDSGER]);
    let sack = story.make("2026-05-02T12:00:00Z", ENG, Todo);
    story.is_due("2026-05-02T12:00:00Z", sack, Some("2026-05-10T08:00:00Z"));
    let cart = story.make_for("2026-05-02T12:00:00Z", ENG, InProgress, &[GRACE, EDSGER]);
    story.is_due("2026-05-02T12:00:00Z", cart, Some("2026-05-10T18:00:00Z"));
    story.transfer("2026-05-03T12:00:00Z", wheel, OPS, &[GRACE]);
    story.becomes("2026-05-03T13:00:00Z", wheel, InProgress);
    story.is_due("2026-05-04T09:00:00Z", bread, Some("2026-05-04T12:00:00Z"));
    story.becomes("2026-05-04T12:00:00Z", bread, Done);
    story.assign("2026-05-05T09:00:00Z", bread, &[]);
    story.transfer("2026-05-05T12:00:00Z", wheel, BAK, &[ALAN]);
    story.becomes("2026-05-06T12:00:00Z", wheel, Done);
    story.told().await
}

fn load(person: usize, name: &str, [open, overdue, completed]: [u64; 3]) -> Load {
    Load {
        user_id: PEOPLE[person],
        username: name.into(),
        display_name: name.to_uppercase(),
        open,
        overdue,
        completed,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_counts_where_it_was_when_something_happened() {
    let told = handed_about().await;
    let eng = told.flow(NOW, 10, PROJECTS[ENG]).await;
    let mut expected = vec![[1, 0, 0, 0], [2, 1, 0, 0]];
    expected.resize(10, [1, 1, 0, 0]);
    assert_eq!(levels(&eng), expected);
    assert_eq!((eng.period.created, eng.period.completed), (3, 0));

    let ops = told.flow(NOW, 10, PROJECTS[OPS]).await;
    let mut expected = vec![[0, 0, 1, 0]; 10];
    (expected[2], expected[3]) = ([0, 1, 1, 0], [0, 1, 1, 0]);
    assert_eq!(levels(&ops), expected);
    assert_eq!((ops.period.created, ops.period.completed), (1, 0));

    let bak = told.flow(NOW, 10, PROJECTS[BAK]).await;
    let mut expected = vec![[1, 0, 0, 0]; 3];
    expected.extend([[0, 0, 0, 1], [0, 1, 0, 1]]);
    expected.resize(10, [0, 0, 0, 2]);
    assert_eq!(levels(&bak), expected);
    let expected = Throughput {
        created: 1,
        completed: 2,
        completed_with_due: 1,
        completed_on_time: 1,
        ..Throughput::default()
    };
    assert_eq!(bak.period, expected);
    // Work on it began elsewhere.
    assert_eq!(bak.cycle_time, percentiles(1, [71 * HOUR; 3]));
    assert_eq!(
        bak.lead_time,
        percentiles(2, [76 * HOUR, 5 * DAY + 4 * HOUR, 5 * DAY + 4 * HOUR])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_counts_for_those_whose_it_was_when_something_happened() {
    let told = handed_about().await;
    let millers = told.team(NOW, 10, TEAMS[0]).await;
    let expected = Standing {
        open: 3,
        in_progress: 1,
        blocked: 1,
        overdue: 1,
        due_today: 3,
        unassigned: 1,
    };
    assert_eq!(millers.now, expected);
    assert_eq!((millers.period.created, millers.period.completed), (4, 0));
    let expected = [
        load(EDSGER, "edsger", [2, 0, 0]),
        load(GRACE, "grace", [1, 0, 0]),
    ];
    assert_eq!(millers.people, expected);
    let bakers = told.team(NOW, 10, TEAMS[1]).await;
    let expected = [
        load(ALAN, "alan", [0, 0, 1]),
        load(EDSGER, "edsger", [0, 0, 1]),
    ];
    assert_eq!(bakers.people, expected);

    let alan = told.stats(NOW, 10, ALAN).await;
    assert_eq!(alan.now, Standing::default());
    assert_eq!((alan.period.created, alan.period.completed), (1, 1));
    assert_eq!(alan.cycle_time, percentiles(1, [71 * HOUR; 3]));
    let grace = told.stats(NOW, 10, GRACE).await;
    let expected = Standing {
        open: 1,
        in_progress: 1,
        due_today: 1,
        ..Standing::default()
    };
    assert_eq!(grace.now, expected);
    assert_eq!((grace.period.created, grace.period.completed), (2, 0));

    let id = |person: usize| Some(PEOPLE[person].to_string());
    let groups = told.distribution(NOW, Group::Assignee).await;
    assert_eq!(groups, [(id(EDSGER), 2), (id(GRACE), 1), (None, 1)]);
    let project = |at: usize| Some(PROJECTS[at].to_string());
    let groups = told.distribution(NOW, Group::Project).await;
    assert_eq!(groups, [(project(ENG), 2), (project(OPS), 1)]);
    let groups = told.distribution(NOW, Group::Team).await;
    assert_eq!(groups, [(Some(TEAMS[0].to_string()), 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_is_told_of_their_own_teams() {
    let mut told = handed_about().await;
    for (reader, open, mine, created, completed) in [
        (ADA, 3, 0, 5, 2),
        (GRACE, 3, 1, 4, 0),
        (ALAN, 0, 0, 1, 2),
        (EDSGER, 3, 2, 5, 2),
    ] {
        told = told.to(reader);
        let board = told.dashboard(NOW, 10).await;
        let period = (board.period.created, board.period.completed);
        assert_eq!((board.now.open, board.mine.open), (open, mine), "{reader}");
        assert_eq!(period, (created, completed), "{reader}");
    }
    // Alan sees nothing of what Edsger does for the Millers.
    let edsger = told.to(ALAN).stats(NOW, 10, EDSGER).await;
    assert_eq!((edsger.now.open, edsger.period.completed), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_without_tasks_has_noughts_and_its_members() {
    let told = Story::new().told().await;
    let team = told.team(NOW, 2, TEAMS[0]).await;
    assert_eq!(team.now, Standing::default());
    assert_eq!(team.period, Throughput::default());
    let none = Percentiles::default();
    assert_eq!((team.cycle_time, team.lead_time), (none, none));
    assert_eq!(team.days, days("2026-05-09", &[(0, 0), (0, 0)]));
    let expected = [
        load(EDSGER, "edsger", [0, 0, 0]),
        load(GRACE, "grace", [0, 0, 0]),
    ];
    assert_eq!(team.people, expected);
    let flow = told.flow(NOW, 2, PROJECTS[ENG]).await;
    assert_eq!(levels(&flow), [[0; 4]; 2]);
    assert!(told.distribution(NOW, Group::Status).await.is_empty());
}
