//! Search from end to end: acts through the store, the pipeline to the end of the log, then a search.

use millstream_domain::clock::{Clock, SystemClock};
use millstream_domain::ids::{CommentId, TaskId, TeamId};
use millstream_domain::policy::Actor;
use millstream_domain::query::Query;
use millstream_domain::team::TeamRole;
use millstream_domain::user::Role;
use millstream_event_log::Log;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::signals::Signals;
use millstream_pipelines::Runner;
use millstream_pipelines::dataflows::search;
use millstream_search::{Index, SearchRequest};
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::tantivy::TantivySink;
use millstream_store::comment::{CommentEdit, CreateComment, UpdateComment};
use millstream_store::task::{
    MoveTask, PurgeTask, SetTaskPlace, TaskEdit, TaskPlace, TaskRef, UpdateTask,
};
use millstream_store::team::RemoveMember;
use millstream_store::testing::TestStore;
use millstream_store::testing::builders::{TaskBuilder, id_of};
use millstream_store::user::{UpdateUser, UserEdit};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A team of Ada, who owns it, and Grace; a task that Ada made for Grace. The admin is in no team.
struct World {
    test: TestStore,
    index: Index,
    _folder: TempDir,
    root: Actor,
    ada: Actor,
    grace: Actor,
    team: TeamId,
    task: TaskId,
}

impl World {
    async fn new() -> Self {
        let test = TestStore::new().await;
        let root = test.with_user("root").await;
        let mut ada = test.with_user("ada").await;
        let mut grace = test.with_user("grace").await;
        let team = test.with_team(&mut ada, "Millers").await;
        test.with_member(&ada, team, &mut grace, TeamRole::Member)
            .await;
        let project = test.with_project(&ada, team, "ENG").await;
        let mut imported = serde_json::Map::new();
        imported.insert("imported_from".into(), "MESOS-77".into());
        let task = TaskBuilder::new(project.id, "Turn the wheel")
            .tag("needs oil")
            .metadata(imported)
            .assignee(&grace);
        let task = test.done(&ada, task.by(&ada)).await;
        let folder = tempfile::tempdir().unwrap();
        Self {
            task: task.state.id,
            index: Index::open(folder.path()).unwrap(),
            _folder: folder,
            test,
            root,
            ada,
            grace,
            team,
        }
    }

    fn task(&self) -> TaskRef {
        TaskRef::Id(self.task)
    }

    /// Brings the index to the end of the log.
    async fn caught_up(&self) {
        let tail = self.test.events().await.len() as u64;
        let (pool, clock) = (
            self.test.database().pool().clone(),
            Arc::new(SystemClock) as Arc<dyn Clock>,
        );
        let sink = TantivySink::new(self.index.clone(), pool.clone(), clock.clone(), "search@a");
        let lease = PostgresLease::new(pool.clone(), clock.clone(), "search@a", 1, "a");
        let (signals, stop) = (Signals::default(), CancellationToken::new());
        let log = Log::Postgres(PostgresLog::new(pool, None));
        let runner = Runner::new(search::pipeline(), log, sink, lease, clock, signals.clone());
        let running = async {
            tokio::join!(runner.run(stop.clone()), async {
                signals.reached(search::NAME, tail).await;
                assert_eq!(self.index.cut(), tail, "what is announced is found");
                stop.cancel();
            });
        };
        Box::pin(running).await;
    }

    /// The names of what somebody finds, once the index has caught up.
    async fn found(&self, caller: &Actor, query: &str) -> Vec<String> {
        self.caught_up().await;
        let query = Query::parse(query).unwrap();
        let request = SearchRequest {
            caller: id_of(caller),
            query: &query,
            now: SystemClock.now(),
            zone: "UTC".parse().unwrap(),
            limit: 10,
            cursor: None,
        };
        let hits = self.index.search(&request).unwrap().hits;
        hits.into_iter().map(|hit| hit.task.name).collect()
    }

    async fn says(&self, body: &str) -> CommentId {
        let comment = CreateComment {
            actor: self.grace.clone(),
            task: self.task(),
            body: body.parse().unwrap(),
        };
        self.test.done(&self.grace, comment).await.id
    }

    async fn corrects(&self, id: CommentId, body: Option<&str>) {
        let change = UpdateComment {
            actor: self.grace.clone(),
            task: self.task(),
            id,
            expected_version: None,
            edit: body.map_or(CommentEdit::Delete, |body| {
                CommentEdit::Body(body.parse().unwrap())
            }),
        };
        self.test.done(&self.grace, change).await;
    }

    async fn puts(&self, place: TaskPlace) {
        let change = SetTaskPlace {
            actor: self.ada.clone(),
            task: self.task(),
            expected_version: None,
            place,
        };
        self.test.done(&self.ada, change).await;
    }
}

const NOTHING: [&str; 0] = [];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_found_by_those_who_may_see_it() {
    let world = World::new().await;
    let stranger = world.test.with_user("alan").await;
    for caller in [&world.ada, &world.grace, &world.root] {
        for query in [
            "wheel",
            "ENG-1",
            "mesos-77",
            "oil tag:\"needs oil\"",
            "assignee:grace",
            "",
        ] {
            assert_eq!(world.found(caller, query).await, ["ENG-1"], "{query}");
        }
    }
    assert_eq!(world.found(&stranger, "").await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_team_finds_its_tasks_no_more() {
    let world = World::new().await;
    assert_eq!(world.found(&world.grace, "wheel ").await, ["ENG-1"]);
    let change = RemoveMember {
        actor: world.ada.clone(),
        team_id: world.team,
        user_id: id_of(&world.grace),
        expected_version: None,
    };
    world.test.done(&world.ada, change).await;
    assert_eq!(world.found(&world.grace, "wheel ").await, NOTHING);
    assert_eq!(world.found(&world.ada, "wheel ").await, ["ENG-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deactivated_finds_nothing_and_a_manager_everything() {
    let world = World::new().await;
    let alan = world.test.with_user("alan").await;
    let edit = |edit| UpdateUser {
        user_id: id_of(&alan),
        expected_version: None,
        edit,
    };
    let manager = UserEdit {
        role: Some(Role::Manager),
        ..UserEdit::default()
    };
    world.test.done(&world.root, edit(manager)).await;
    assert_eq!(world.found(&alan, "wheel ").await, ["ENG-1"]);
    let inactive = UserEdit {
        active: Some(false),
        ..UserEdit::default()
    };
    world.test.done(&world.root, edit(inactive)).await;
    assert_eq!(world.found(&alan, "wheel ").await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_found_as_they_are_now() {
    let world = World::new().await;
    let first = world.says("it squeaks").await;
    world.says("badly").await;
    assert_eq!(world.found(&world.ada, "squeaks badly ").await, ["ENG-1"]);
    world.corrects(first, Some("it hums")).await;
    assert_eq!(world.found(&world.ada, "squeaks ").await, NOTHING);
    assert_eq!(world.found(&world.ada, "hums in:comments").await, ["ENG-1"]);
    world.corrects(first, None).await;
    assert_eq!(world.found(&world.ada, "hums ").await, NOTHING);
    assert_eq!(world.found(&world.ada, "badly ").await, ["ENG-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn archive_trash_and_removal_are_followed() {
    let world = World::new().await;
    let ada = &world.ada;
    world.says("squeaks").await;
    world.puts(TaskPlace::Archive).await;
    assert_eq!(world.found(ada, "wheel ").await, NOTHING);
    assert_eq!(world.found(ada, "wheel is:archived").await, ["ENG-1"]);
    world.puts(TaskPlace::Trash).await;
    assert_eq!(world.found(ada, "wheel is:archived").await, NOTHING);
    world.puts(TaskPlace::Open).await;
    world.puts(TaskPlace::Open).await;
    assert_eq!(world.found(ada, "wheel squeaks ").await, ["ENG-1"]);
    let purge = PurgeTask {
        actor: world.root.clone(),
        task: world.task(),
        expected_version: None,
    };
    world.test.done(&world.root, purge).await;
    assert_eq!(world.found(ada, "").await, NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_moves_are_followed_and_old_names_stay_valid() {
    let world = World::new().await;
    let ada = &world.ada;
    let edit = TaskEdit {
        title: Some("Stop the gears".parse().unwrap()),
        ..TaskEdit::default()
    };
    let change = UpdateTask {
        actor: ada.clone(),
        task: world.task(),
        expected_version: None,
        edit,
    };
    world.test.done(ada, change).await;
    assert_eq!(world.found(ada, "wheel ").await, NOTHING);
    assert_eq!(world.found(ada, "gears ").await, ["ENG-1"]);
    let project = world.test.with_project(ada, world.team, "OPS").await;
    let change = MoveTask {
        actor: ada.clone(),
        task: world.task(),
        expected_version: None,
        status: None,
        after: None,
        before: None,
        project: Some(project.id),
    };
    world.test.done(ada, change).await;
    for query in ["OPS-1 ", "ENG-1 ", "gears project:ops"] {
        assert_eq!(world.found(ada, query).await, ["OPS-1"], "{query}");
    }
    assert_eq!(world.found(ada, "gears project:eng").await, NOTHING);
}
