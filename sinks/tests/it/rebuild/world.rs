//! Two people and what they do, the pipelines that follow, and who makes views anew.

use chrono::DateTime;
use millstream_domain::clock::Clock;
use millstream_domain::ids::{ProjectId, TaskId};
use millstream_domain::policy::{Actor, Person};
use millstream_domain::task::Status;
use millstream_domain::team::TeamRole;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::notification::Selection;
use millstream_event_log::mover::Mover;
use millstream_event_log::signals::Signals;
use millstream_event_log::{Log, Origin};
use millstream_pipelines::dataflows::{activity, notifications, search};
use millstream_pipelines::pipeline::Item;
use millstream_pipelines::sink::Sink;
use millstream_pipelines::{Pipeline, Runner};
use millstream_search::{Change, Index, Project, SearchError};
use millstream_sinks::activity::ActivityView;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::notifications::NotificationsView;
use millstream_sinks::postgres::PostgresSink;
use millstream_sinks::rebuild::postgres::PostgresView;
use millstream_sinks::rebuild::search::SearchView;
use millstream_sinks::rebuild::{Rebuilder, Rebuilt};
use millstream_sinks::tantivy::TantivySink;
use millstream_store::Store;
use millstream_store::comment::CreateComment;
use millstream_store::notification::ReadNotifications;
use millstream_store::pipeline::rebuild::{AskRebuild, Rebuild};
use millstream_store::task::{TaskEdit, TaskRef, UpdateTask};
use millstream_store::testing::builders::id_of;
use millstream_store::testing::{TaskBuilder, TestDatabase, TestStore};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longest time a test waits for what must happen.
const SOON: Duration = Duration::from_mins(1);
/// The row of this node's index.
const ROW: &str = "search@here";

pub(super) struct World {
    pub(super) test: TestStore,
    pub(super) ada: Actor,
    grace: Actor,
    project: ProjectId,
    tasks: Vec<TaskId>,
    random: ChaCha8Rng,
    folder: TempDir,
    index: Option<Index>,
    stop: CancellationToken,
    running: JoinSet<()>,
}

/// What the two views in Postgres hold.
pub(super) type Contents = (Vec<String>, Vec<String>);

/// Something that goes on beside the test until it is ended.
pub(super) struct Beside<T>(CancellationToken, JoinSet<T>);

impl<T: Send + 'static> Beside<T> {
    fn begun(stop: CancellationToken, work: impl Future<Output = T> + Send + 'static) -> Self {
        let mut task = JoinSet::new();
        task.spawn(work);
        Self(stop, task)
    }

    pub(super) async fn ended(mut self) -> T {
        self.0.cancel();
        self.1.join_next().await.expect("it was begun").unwrap()
    }
}

impl World {
    pub(super) async fn new(seed: u64) -> Self {
        Self::on(TestStore::new().await, seed).await
    }

    pub(super) async fn with_one_connection(seed: u64) -> Self {
        let database = TestDatabase::single_connection().await;
        Self::on(TestStore::on(database), seed).await
    }

    async fn on(test: TestStore, seed: u64) -> Self {
        test.with_user("root").await;
        let mut ada = test.with_user("ada").await;
        let mut grace = test.with_user("grace").await;
        let team = test.with_team(&mut ada, "Millers").await;
        test.with_member(&ada, team, &mut grace, TeamRole::Member)
            .await;
        let project = test.with_project(&ada, team, "ENG").await.id;
        let mut world = Self {
            test,
            ada,
            grace,
            project,
            tasks: Vec::new(),
            random: ChaCha8Rng::seed_from_u64(seed),
            folder: tempfile::tempdir().unwrap(),
            index: None,
            stop: CancellationToken::new(),
            running: JoinSet::new(),
        };
        world.starts();
        world
    }

    pub(super) fn pool(&self) -> &PgPool {
        self.test.database().pool()
    }

    pub(super) fn index(&self) -> &Index {
        self.index.as_ref().expect("it is open while we run")
    }

    fn starts(&mut self) {
        let store = self.test.store.clone();
        let index = Index::open(self.folder.path()).unwrap();
        self.stop = CancellationToken::new();
        let mover = Mover::new(self.pool().clone());
        self.running.spawn(mover.run(self.stop.clone()));
        let (pool, clock) = (self.pool().clone(), Arc::clone(store.clock()));
        let sink = PostgresSink::new(
            activity::NAME,
            pool.clone(),
            clock.clone(),
            ActivityView::default(),
        );
        self.runs(activity::pipeline(), sink, activity::NAME);
        let sink = PostgresSink::new(
            notifications::NAME,
            pool.clone(),
            clock.clone(),
            NotificationsView::default(),
        );
        self.runs(notifications::pipeline(), sink, notifications::NAME);
        let sink = TantivySink::new(index.clone(), pool, clock, ROW);
        self.runs(search::pipeline(), sink, ROW);
        self.rebuilds(PostgresView::activity(store.clone()), activity::NAME);
        let inboxes = PostgresView::notifications(store.clone());
        self.rebuilds(inboxes, notifications::NAME);
        self.rebuilds(SearchView::new(store, index.clone()), ROW);
        self.index = Some(index);
    }

    fn log(&self) -> Log {
        Log::Postgres(PostgresLog::new(self.pool().clone(), None))
    }

    fn runs<S: Sink>(&mut self, pipeline: Pipeline<S::Item>, sink: S, row: &str)
    where
        S::Item: Item,
    {
        let clock: Arc<dyn Clock> = Arc::clone(self.test.store.clock());
        let lease = PostgresLease::new(self.pool().clone(), clock.clone(), row, 1, "here");
        let runner = Runner::new(pipeline, self.log(), sink, lease, clock, Signals::default());
        self.running.spawn(runner.row(row).run(self.stop.clone()));
    }

    fn rebuilds(&mut self, view: impl Rebuilt, row: &str) {
        let rebuilder = Rebuilder::new(self.test.store.clone(), self.log(), row, "here", view);
        self.running.spawn(rebuilder.run(self.stop.clone()));
    }

    /// The process is gone, in the middle of whatever it does; another one begins.
    pub(super) async fn dies(&mut self) {
        self.running.shutdown().await;
        // Threads that were at work on the index end by themselves, as the process would have ended them.
        let index = self.index.take().expect("it ran");
        index.close().unwrap();
        drop(index);
        let left = async {
            while let Err(error) = Index::open(self.folder.path()) {
                assert!(matches!(error, SearchError::Locked), "{error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, left).await.expect("they end");
        // What was held by the one that is gone runs out.
        sqlx::query("update stream.pipeline set owner = null, leased_until = null")
            .execute(self.pool())
            .await
            .unwrap();
        self.starts();
    }

    /// The process stops, and another one begins.
    pub(super) async fn restarts(&mut self) {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
        self.index.take().expect("it ran").close().unwrap();
        self.starts();
    }

    /// Everything stops: who writes the views, and who makes them anew. The index, which nobody writes any more.
    pub(super) async fn stops(&mut self) -> Index {
        self.stop.cancel();
        while self.running.join_next().await.is_some() {}
        self.index.take().expect("it ran").close().unwrap();
        Index::open(self.folder.path()).unwrap()
    }

    /// Another process, which makes a view anew whenever somebody wants that.
    pub(super) fn beside(&self, node: &str, row: &str, view: impl Rebuilt) -> Beside<()> {
        let stop = CancellationToken::new();
        let rebuilder = Rebuilder::new(self.test.store.clone(), self.log(), row, node, view);
        Beside::begun(stop.clone(), rebuilder.run(stop))
    }

    /// How many folders of indexes there are.
    pub(super) fn folders(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().path().is_dir())
            .count()
    }

    /// So many acts, by chance.
    pub(super) async fn acts(&mut self, number: usize) {
        for _ in 0..number {
            let store = self.test.store.clone();
            let act = Acting {
                store: &store,
                people: [&self.ada, &self.grace],
                project: self.project,
                tasks: &mut self.tasks,
                random: &mut self.random,
            };
            act.once().await;
        }
    }

    /// Acts until it is ended.
    pub(super) fn keeps_writing(&mut self) -> Beside<()> {
        let (store, stop) = (self.test.store.clone(), CancellationToken::new());
        let (ada, grace, project) = (self.ada.clone(), self.grace.clone(), self.project);
        let (mut tasks, mut random) = (self.tasks.clone(), self.random.clone());
        let until = stop.clone();
        Beside::begun(stop, async move {
            while !until.is_cancelled() {
                let act = Acting {
                    store: &store,
                    people: [&ada, &grace],
                    project,
                    tasks: &mut tasks,
                    random: &mut random,
                };
                act.once().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    }

    /// Reads both views, each as a whole, until it is ended; what was seen.
    pub(super) fn keeps_looking(&self) -> Beside<Vec<Contents>> {
        let (pool, stop) = (self.pool().clone(), CancellationToken::new());
        let until = stop.clone();
        Beside::begun(stop, async move {
            let mut seen: Vec<Contents> = Vec::new();
            while !until.is_cancelled() {
                let now = contents(&pool).await;
                if seen.last() != Some(&now) {
                    seen.push(now);
                }
            }
            seen
        })
    }

    /// Grace reads.
    pub(super) async fn reads(&self, selection: Selection) {
        let user_id = id_of(&self.grace);
        self.test
            .done(&self.grace, ReadNotifications { user_id, selection })
            .await;
    }

    /// Waits until all that was written is in every view.
    pub(super) async fn caught_up(&self) {
        let behind = async {
            let query = "select exists (select from stream.outbox)
                                or exists (select from stream.pipeline, stream.head
                                           where name not like '%~next' and cut < next - 1)";
            while sqlx::query_scalar(query)
                .fetch_one(self.pool())
                .await
                .unwrap()
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, behind)
            .await
            .expect("the views catch up");
    }

    pub(super) async fn contents(&self) -> Contents {
        contents(self.pool()).await
    }

    /// Two entries are lost, one is changed, and one is there that nothing told of.
    pub(super) async fn damages(&self) {
        for statement in [
            "delete from app.activity where seq in (select seq from app.activity order by seq limit 2)",
            "update app.activity set kind = 'task.invented' where seq = (select max(seq) from app.activity)",
            "insert into app.activity (seq, event_id, at, kind, team_id, changes)
             values (1000000, gen_random_uuid(), now(), 'task.invented', gen_random_uuid(), '[]')",
            "delete from app.notification where id in (select id from app.notification order by id limit 2)",
            "update app.notification set task_title = 'invented' where id = (select max(id::text)::uuid from app.notification)",
            "insert into app.notification (id, user_id, seq, at, reason, event_id, kind, team_id, task_id, task_name, task_title)
             select gen_random_uuid(), user_id, 1000000, at, reason, event_id, kind, team_id, task_id, task_name, task_title
             from app.notification limit 1",
        ] {
            sqlx::query(statement).execute(self.pool()).await.unwrap();
        }
    }

    /// A project is in the index that nothing told of, and another one is missing.
    pub(super) async fn damages_index(&mut self) {
        self.running.shutdown().await;
        let index = self.index();
        let (generation, cut) = (index.generation() + 1, index.cut());
        index.claim(generation).unwrap();
        let invented = Project {
            id: Uuid::from_u128(1).into(),
            key: "NONE".into(),
            name: "Invented".into(),
        };
        let changes = [
            Change::PutProject(invented),
            Change::RemoveProject(self.project),
        ];
        // One record too far: there is nothing between two cuts that an index could take.
        index
            .commit(generation, cut + 1, changes.map(|change| (cut + 1, change)))
            .unwrap();
        index.close().unwrap();
        // The log goes on behind it.
        self.index = None;
        sqlx::query("update stream.pipeline set owner = null, leased_until = null")
            .execute(self.pool())
            .await
            .unwrap();
        self.acts(1).await;
        self.test.events().await;
        self.starts();
    }

    /// Asks for a rebuild.
    pub(super) async fn asks(&self, view: &str, compare_only: bool) {
        let wish = AskRebuild {
            actor: Actor::System,
            pipeline: view.to_owned(),
            compare_only,
        };
        // A pipeline has no row before its first start.
        let asked = async {
            let nobody = Origin::default();
            while self.test.store.write(&nobody, wish.clone()).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, asked)
            .await
            .expect("it can be asked for");
    }

    /// Has a view made anew, and waits for the end.
    pub(super) async fn rebuilt(&self, view: &str, compare_only: bool) -> Rebuild {
        self.asks(view, compare_only).await;
        self.until(view, |rebuild| rebuild.state.has_ended()).await
    }

    /// Waits until a rebuild is so.
    pub(super) async fn until(&self, view: &str, is_so: impl Fn(&Rebuild) -> bool) -> Rebuild {
        let looking = async {
            loop {
                let rebuild = self.test.store.rebuild(view).await.unwrap();
                if let Some(rebuild) = rebuild.filter(&is_so) {
                    return rebuild;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let what = format!("the rebuild of {view} becomes what it should");
        tokio::time::timeout(SOON, looking).await.expect(&what)
    }

    /// Grace, who reads.
    pub(super) fn reader(&self) -> &Person {
        self.grace.person().expect("she is somebody")
    }
}

async fn contents(pool: &PgPool) -> Contents {
    let rows = async |query: &'static str| -> Vec<String> {
        sqlx::query_scalar(query).fetch_all(pool).await.unwrap()
    };
    (
        rows("select a::text from app.activity a order by seq").await,
        rows("select n::text from app.notification n order by id").await,
    )
}

/// Somebody who does something.
struct Acting<'a> {
    store: &'a Store,
    people: [&'a Actor; 2],
    project: ProjectId,
    tasks: &'a mut Vec<TaskId>,
    random: &'a mut ChaCha8Rng,
}

impl Acting<'_> {
    async fn once(self) {
        let (by, other) = match self.random.random_range(0..2) {
            0 => (self.people[0], self.people[1]),
            _ => (self.people[1], self.people[0]),
        };
        let origin = millstream_store::testing::builders::origin(by);
        let which = self.random.random_range(0..self.tasks.len().max(1));
        let Some(task) = self.tasks.get(which).map(|id| TaskRef::Id(*id)) else {
            return self.new_task(by, other, &origin).await;
        };
        match self.random.random_range(0..6) {
            0 => self.new_task(by, other, &origin).await,
            1 | 2 => {
                let change = CreateComment {
                    actor: by.clone(),
                    task,
                    body: "it squeaks, @grace".parse().unwrap(),
                };
                self.store.write(&origin, change).await.unwrap();
            }
            3 | 4 => {
                let at = self.random.random_range(0..Status::ALL.len());
                let edit = TaskEdit {
                    status: Some(Status::ALL[at]),
                    ..TaskEdit::default()
                };
                let change = UpdateTask {
                    actor: by.clone(),
                    task,
                    expected_version: None,
                    edit,
                };
                self.store.write(&origin, change).await.unwrap();
            }
            _ => {
                let selection = if self.random.random_bool(0.5) {
                    Selection::All
                } else {
                    Selection::Before(DateTime::UNIX_EPOCH)
                };
                let user_id = id_of(by);
                let change = ReadNotifications { user_id, selection };
                self.store.write(&origin, change).await.unwrap();
            }
        }
    }

    async fn new_task(self, by: &Actor, other: &Actor, origin: &Origin) {
        let title = format!("Wheel {}", self.tasks.len());
        let task = TaskBuilder::new(self.project, &title).assignee(other);
        let made = self.store.write(origin, task.by(by)).await.unwrap();
        self.tasks.push(made.output.state.id);
    }
}
