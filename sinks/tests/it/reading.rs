//! The views in Postgres as people read them: acts through the store, the pipelines to the end of the log, then the lists.

use millstream_domain::clock::SystemClock;
use millstream_domain::ids::{TaskId, TeamId};
use millstream_domain::policy::{Actor, Person};
use millstream_domain::task::Status;
use millstream_domain::team::TeamRole;
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::notification::Selection;
use millstream_event_log::signals::Signals;
use millstream_pipelines::dataflows::{activity, notifications};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::{Pipeline, Runner};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::{PostgresSink, View};
use millstream_store::comment::CreateComment;
use millstream_store::notification::ReadNotifications;
use millstream_store::task::{TaskEdit, TaskRef, UpdateTask};
use millstream_store::team::RemoveMember;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{TaskBuilder, id_of, page};
use millstream_store::views::activity::ActivityFilter;
use millstream_store::views::notifications::NotificationFilter;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A team of Ada, who owns it, and Grace; a task that Ada made for Grace.
struct World {
    test: TestStore,
    ada: Actor,
    grace: Actor,
    team: TeamId,
    task: TaskId,
}

impl World {
    async fn new() -> Self {
        let test = TestStore::new().await;
        let _root = test.with_user("root").await;
        let mut ada = test.with_user("ada").await;
        let mut grace = test.with_user("grace").await;
        let team = test.with_team(&mut ada, "Millers").await;
        test.with_member(&ada, team, &mut grace, TeamRole::Member)
            .await;
        let project = test.with_project(&ada, team, "ENG").await;
        let task = TaskBuilder::new(project.id, "Turn the wheel").assignee(&grace);
        let task = test.done(&ada, task.by(&ada)).await;
        Self {
            task: task.state.id,
            test,
            ada,
            grace,
            team,
        }
    }

    /// Brings both views to the end of the log.
    async fn caught_up(&self) {
        let tail = self.test.events().await.len() as u64;
        Box::pin(self.run(activity::pipeline(), ActivityView::default(), tail)).await;
        Box::pin(self.run(
            notifications::pipeline(),
            NotificationsView::default(),
            tail,
        ))
        .await;
    }

    async fn run<V: View>(&self, pipeline: Pipeline<V::Item>, view: V, tail: u64)
    where
        V::Item: Item,
    {
        let (pool, clock) = (self.test.database().pool().clone(), Arc::new(SystemClock));
        let name = pipeline.name();
        let sink = PostgresSink::new(name, pool.clone(), clock.clone(), view);
        let lease = PostgresLease::new(pool.clone(), clock.clone(), name, 1, "a node");
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let log = Log::Postgres(PostgresLog::new(pool, None));
        let runner = Runner::new(pipeline, log, sink, lease, clock, signals.clone());
        tokio::join!(runner.run(stop.clone()), async {
            signals.reached(name, tail).await;
            stop.cancel();
        });
    }

    async fn comments(&self, by: &Actor, body: &str) {
        let task = TaskRef::Id(self.task);
        let change = CreateComment {
            actor: by.clone(),
            task,
            body: body.parse().unwrap(),
        };
        self.test.done(by, change).await;
    }

    async fn sets_status(&self, by: &Actor, status: Status) {
        let edit = TaskEdit {
            status: Some(status),
            ..TaskEdit::default()
        };
        let task = TaskRef::Id(self.task);
        self.test
            .done(
                by,
                UpdateTask {
                    actor: by.clone(),
                    task,
                    expected_version: None,
                    edit,
                },
            )
            .await;
    }

    async fn reads(&self, by: &Actor, selection: Selection) {
        self.test
            .done(
                by,
                ReadNotifications {
                    user_id: id_of(by),
                    selection,
                },
            )
            .await;
    }

    /// Kinds and reasons in an inbox, newest first, and how many are unread.
    async fn inbox(&self, whose: &Actor) -> (Vec<String>, i64) {
        let whose = person(&self.test.again(whose).await);
        let page = self
            .test
            .store
            .notifications(&whose, &NotificationFilter::default(), &page(100, None))
            .await
            .unwrap();
        let unread = self.test.store.unread_count(&whose).await.unwrap();
        (page.items.into_iter().map(|n| n.reason).collect(), unread)
    }

    async fn feed(&self, reader: &Actor, filter: ActivityFilter) -> Vec<String> {
        let lines = self
            .test
            .store
            .activity(reader, filter, &page(100, None))
            .await
            .unwrap();
        lines.items.into_iter().map(|line| line.kind).collect()
    }
}

fn person(actor: &Actor) -> Person {
    actor.person().cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_assigned_and_mentioned_is_told_and_counts_exactly() {
    let world = World::new().await;
    world
        .comments(&world.ada, "What do you think, @grace?")
        .await;
    world.sets_status(&world.grace, Status::InProgress).await;
    world.caught_up().await;
    assert_eq!(
        world.inbox(&world.grace).await,
        (vec!["mentioned".into(), "assigned".into()], 2)
    );
    assert_eq!(
        world.inbox(&world.ada).await,
        (vec!["status_changed".into()], 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_stays_read_and_what_comes_later_does_not() {
    let world = World::new().await;
    world.reads(&world.grace, Selection::All).await;
    world.comments(&world.ada, "Well?").await;
    world.caught_up().await;
    assert_eq!(
        world.inbox(&world.grace).await.1,
        1,
        "the comment came after the reading"
    );
    world.reads(&world.grace, Selection::All).await;
    world.caught_up().await;
    assert_eq!(
        world.inbox(&world.grace).await,
        (vec!["commented".into(), "assigned".into()], 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_by_id_touches_nobody_elses_inbox() {
    let world = World::new().await;
    world.sets_status(&world.grace, Status::Done).await;
    world.caught_up().await;
    let hers = world
        .test
        .store
        .notifications(
            &person(&world.ada),
            &NotificationFilter::default(),
            &page(1, None),
        )
        .await
        .unwrap();
    world
        .reads(&world.grace, Selection::Ids(vec![hers.items[0].id]))
        .await;
    world.caught_up().await;
    assert_eq!(world.inbox(&world.ada).await.1, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_a_team_sees_and_counts_nothing_of_it_any_more() {
    let world = World::new().await;
    world.caught_up().await;
    let leave = RemoveMember {
        actor: world.ada.clone(),
        team_id: world.team,
        user_id: id_of(&world.grace),
        expected_version: None,
    };
    world.test.done(&world.ada, leave).await;
    world.caught_up().await;
    assert_eq!(world.inbox(&world.grace).await, (vec![], 0));
    let grace = world.test.again(&world.grace).await;
    assert_eq!(
        world.feed(&grace, ActivityFilter::default()).await,
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_is_newest_first_and_filtered_by_task_project_and_person() {
    let world = World::new().await;
    world.comments(&world.grace, "On it.").await;
    world.caught_up().await;
    let all = [
        "comment.created",
        "task.created",
        "project.created",
        "member.added",
        "member.added",
        "team.created",
    ];
    assert_eq!(world.feed(&world.ada, ActivityFilter::default()).await, all);
    let of_task = ActivityFilter {
        task: Some(world.task),
        ..ActivityFilter::default()
    };
    assert_eq!(world.feed(&world.ada, of_task).await, &all[..2]);
    let by_grace = ActivityFilter {
        user: Some(id_of(&world.grace)),
        ..ActivityFilter::default()
    };
    assert_eq!(world.feed(&world.ada, by_grace).await, &all[..1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sees_no_activity_of_a_team() {
    let world = World::new().await;
    world.caught_up().await;
    let stranger = world.test.with_user("mallory").await;
    assert_eq!(
        world.feed(&stranger, ActivityFilter::default()).await,
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_activity_follow_each_other_while_it_grows() {
    let world = World::new().await;
    world.caught_up().await;
    let store = &world.test.store;
    let first = store
        .activity(&world.ada, ActivityFilter::default(), &page(2, None))
        .await
        .unwrap();
    world.comments(&world.grace, "Meanwhile.").await;
    world.caught_up().await;
    let second = store
        .activity(
            &world.ada,
            ActivityFilter::default(),
            &page(100, first.next_cursor),
        )
        .await
        .unwrap();
    let seqs: Vec<_> = first
        .items
        .iter()
        .chain(&second.items)
        .map(|line| line.seq)
        .collect();
    assert!(seqs.is_sorted_by(|a, b| a > b), "{seqs:?}");
    assert_eq!(seqs.len(), 5, "what came meanwhile is on no later page");
}
