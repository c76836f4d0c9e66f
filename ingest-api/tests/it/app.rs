//! The app under test: the real router over a real database, with a clock that the test sets.

mod answer;
mod browser;
mod live;
mod request;
mod server;
mod views;

pub(crate) use answer::Answer;
pub(crate) use browser::{Browser, form};
pub(crate) use live::{Live, Unwelcome};
pub(crate) use request::Request;
pub(crate) use server::{Server, Wire};

use self::views::{OneCheckpoint, Views};
use axum::Router;
use axum::http::Method;
use millstream_analytics_engine::{Engine, Lake};
use millstream_domain::clock::{MockClock, SeededIds, SystemClock, SystemIds};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::mover::Mover;
use millstream_event_log::redis::Redis;
use millstream_event_log::signals::Signals;
use millstream_ingest_api::auth::keys::Keys;
use millstream_ingest_api::cache::Cache;
use millstream_ingest_api::settings::{LiveLimits, Secret};
use millstream_ingest_api::{AppState, Parts, Services, Settings};
use millstream_search::Index;
use millstream_sinks::jobs::make_report::MakeReportJob;
use millstream_sinks::jobs::{Handlers, JobRunner, Pace};
use millstream_store::Store;
use millstream_store::testing::TestDatabase;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What the first person must bring.
pub(crate) const SETUP_SECRET: &str = "open sesame";
/// The issuer of tokens.
pub(crate) const ISSUER: &str = "http://millstream.test";
/// What the app is known by.
pub(crate) const NODE: &str = "test";
/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Making a key takes a second: all tests share one.
static KEYS: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    Keys::open(folder.path(), Arc::new(MockClock::default())).unwrap();
    folder
});

/// The folder that the shared key is in.
pub(crate) fn key_folder() -> &'static Path {
    KEYS.path()
}

/// The app.
#[derive(Debug)]
pub(crate) struct TestApp {
    router: Router,
    state: AppState,
    pub(crate) clock: Arc<MockClock>,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) stop: CancellationToken,
    tasks: JoinSet<()>,
    log: PostgresLog,
    engine: Option<Engine>,
    _folder: TempDir,
    // Last: dropped when nobody uses it any more.
    ground: Ground,
}

/// What several servers may have in common.
#[derive(Debug, Clone)]
struct Ground {
    database: Arc<TestDatabase>,
    keys: PathBuf,
    clock: Arc<MockClock>,
    redis: Option<Redis>,
    lake: Option<(Lake, Arc<TempDir>)>,
    /// Of the ids: no two servers make the same.
    seed: u64,
}

impl Ground {
    fn new(database: TestDatabase) -> Self {
        Self {
            database: Arc::new(database),
            keys: key_folder().to_owned(),
            clock: Arc::new(MockClock::default()),
            redis: None,
            lake: None,
            seed: 1,
        }
    }
}

impl Ground {
    async fn with_lake(self) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let root = Url::from_directory_path(folder.path()).unwrap();
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        Self {
            lake: Some((Lake::open(root, clock, ids).await.unwrap(), folder)),
            ..self
        }
    }
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl TestApp {
    /// With a mover, and no pipelines: views stay empty.
    pub(crate) async fn new() -> Self {
        Self::build(Ground::new(TestDatabase::new().await), false, |_| {})
    }

    /// With all pipelines.
    pub(crate) async fn with_views() -> Self {
        Self::build(Ground::new(TestDatabase::new().await), true, |_| {})
    }

    /// With all pipelines, and a lake.
    pub(crate) async fn with_lake() -> Self {
        let ground = Ground::new(TestDatabase::new().await);
        Self::build(ground.with_lake().await, true, |_| {})
    }

    /// With all pipelines, a lake, and a Redis.
    pub(crate) async fn with_lake_and_redis(redis: Redis) -> Self {
        let ground = Ground {
            redis: Some(redis),
            ..Ground::new(TestDatabase::new().await)
        };
        Self::build(ground.with_lake().await, true, |_| {})
    }

    /// With other settings.
    pub(crate) async fn with_settings(change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(Ground::new(TestDatabase::new().await), false, change)
    }

    /// With other settings, and a Redis.
    pub(crate) async fn with_redis(redis: Redis, change: impl FnOnce(&mut Settings)) -> Self {
        let ground = Ground {
            redis: Some(redis),
            ..Ground::new(TestDatabase::new().await)
        };
        Self::build(ground, false, change)
    }

    /// With all pipelines, on a database like the embedded one.
    pub(crate) async fn with_one_connection() -> Self {
        Self::build(
            Ground::new(TestDatabase::single_connection().await),
            true,
            |_| {},
        )
    }

    /// With keys of its own, in this folder.
    pub(crate) async fn with_keys(keys: &Path) -> Self {
        let ground = Ground {
            keys: keys.to_owned(),
            ..Ground::new(TestDatabase::new().await)
        };
        Self::build(ground, false, |_| {})
    }

    /// Another server on the same database, with the same keys.
    pub(crate) fn another_node(&self) -> Self {
        self.another_node_with(|_| {})
    }

    /// The same with other settings.
    pub(crate) fn another_node_with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let ground = Ground {
            seed: self.ground.seed + 1,
            ..self.ground.clone()
        };
        Self::build(ground, false, change)
    }

    fn build(ground: Ground, views: bool, change: impl FnOnce(&mut Settings)) -> Self {
        let pool = ground.database.pool().clone();
        let clock = Arc::clone(&ground.clock);
        let mover = Mover::new(pool.clone());
        let ids = Arc::new(SeededIds::new(ground.seed));
        let store = Store::new(pool.clone(), mover.poke(), clock.clone(), ids);
        let folder = TempDir::new().unwrap();
        let log = PostgresLog::new(pool.clone(), Some(mover.tail()));
        let signals = Signals::default();
        let index = Index::open(&folder.path().join("search")).unwrap();
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(mover.run(stop.clone()));
        if views {
            let views = Views {
                store: &store,
                log: &log,
                clock: &clock,
                signals: &signals,
                stop: &stop,
            };
            views.spawn(&mut tasks, &index);
            if let Some((lake, _)) = &ground.lake {
                views.spawn_lake(&mut tasks, lake);
            }
        }
        let mut settings = Settings {
            public_url: ISSUER.into(),
            public_url_given: false,
            setup_secret: Secret::new(SETUP_SECRET),
            registration_open: true,
            trusted_proxies: Vec::new(),
            rate_limits: None,
            live: LiveLimits::default(),
            cors_origins: Vec::new(),
        };
        change(&mut settings);
        let keys = Keys::open(&ground.keys, clock.clone()).unwrap();
        let engine = ground.lake.as_ref();
        let engine = engine.map(|(lake, _)| Engine::new(lake.clone()).unwrap());
        let parts = Parts {
            node: NODE.into(),
            store: store.clone(),
            log: log.clone(),
            signals,
            search: Some(index),
            analytics: engine.clone(),
            redis: ground.redis.clone(),
            cache: ground.redis.clone().map(Cache::new),
            checkpoints: Arc::new(OneCheckpoint),
            trust: keys.clone().into(),
            services: Services::default(),
            settings,
        };
        let state = AppState::new(parts);
        let router = millstream_ingest_api::router(state.clone());
        Self {
            router,
            state,
            clock,
            store,
            keys,
            stop,
            tasks,
            log,
            engine,
            _folder: folder,
            ground,
        }
    }

    /// With live connections: somebody tells them what happens.
    pub(crate) async fn live(mut self) -> Self {
        let hub = self.state.hub().clone();
        self.tasks
            .spawn(hub.clone().run(self.state.clone(), self.stop.clone()));
        hub.begun().await;
        self
    }

    /// What makes reports as files, out of the app's lake.
    pub(crate) fn report_runner(&self, owner: &str) -> JobRunner {
        let engine = self.engine.clone().unwrap();
        let handler = MakeReportJob::new(self.store.clone(), self.log.clone(), engine);
        let handlers = Handlers::default().with(handler);
        JobRunner::new(self.store.clone(), owner, handlers).at_pace(Pace {
            poll: Duration::from_millis(20),
            pulse: Duration::from_millis(20),
            progress: Duration::from_millis(5),
            ..Pace::default()
        })
    }

    /// With reports being made as they are ordered.
    pub(crate) fn making_reports(mut self) -> Self {
        let runner = self.report_runner(NODE);
        self.tasks.spawn(runner.run(self.stop.clone()));
        self
    }

    /// Stops everything that runs beside the app, and waits until it has.
    pub(crate) async fn halt(&mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Asserts that nothing was written for an answer, which says all the same where it stands.
    pub(crate) async fn expect_no_event(&self, answer: &Answer) {
        assert!(!answer.position().is_empty());
        let told: i64 = sqlx::query_scalar(
            "select count(*) from (select request_id from stream.outbox union all
                                   select request_id from stream.log) as told where request_id = $1",
        )
        .bind(answer.header("x-request-id"))
        .fetch_one(self.store.pool())
        .await
        .unwrap();
        assert_eq!(told, 0, "{}", answer.what);
    }

    /// The router, for a server.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request<'_> {
        Request::new(self, method, path)
    }

    /// Below `/api/v1`.
    pub(crate) fn get(&self, path: &str) -> Request<'_> {
        self.request(Method::GET, &format!("/api/v1{path}"))
    }

    /// Below `/api/v1`.
    pub(crate) fn post(&self, path: &str, body: Value) -> Request<'_> {
        self.request(Method::POST, &format!("/api/v1{path}"))
            .json(body)
    }

    /// Below `/api/v1`.
    pub(crate) fn patch(&self, path: &str, body: Value) -> Request<'_> {
        self.request(Method::PATCH, &format!("/api/v1{path}"))
            .json(body)
    }

    /// Below `/api/v1`.
    pub(crate) fn put(&self, path: &str, body: Value) -> Request<'_> {
        self.request(Method::PUT, &format!("/api/v1{path}"))
            .json(body)
    }

    /// Below `/api/v1`.
    pub(crate) fn delete(&self, path: &str) -> Request<'_> {
        self.request(Method::DELETE, &format!("/api/v1{path}"))
    }

    /// Somebody registers and logs in. The first is admin.
    pub(crate) async fn user(&self, name: &str) -> User {
        let body = json!({
            "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
            "setup_secret": SETUP_SECRET,
        });
        self.post("/auth/register", body).send().await.expect(201);
        self.log_in(name).await
    }

    pub(crate) async fn log_in(&self, name: &str) -> User {
        let answer = self
            .post("/auth/login", json!({"login": name, "password": PASSWORD}))
            .send()
            .await;
        let data = answer.expect(200).data();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        User {
            id: text(&data["user"]["id"]),
            access_token: text(&data["access_token"]),
            refresh_token: text(&data["refresh_token"]),
        }
    }

    /// A team of the user's.
    pub(crate) async fn team(&self, owner: &User, name: &str) -> String {
        self.post("/teams", json!({"name": name}))
            .by(owner)
            .send()
            .await
            .expect(201)
            .id()
    }

    pub(crate) async fn member(&self, owner: &User, team: &str, user: &User, role: &str) {
        let path = format!("/teams/{team}/members/{}", user.id);
        self.put(&path, json!({"role": role}))
            .by(owner)
            .send()
            .await
            .expect(201);
    }

    pub(crate) async fn project(&self, owner: &User, team: &str, key: &str) -> String {
        let body = json!({"team_id": team, "key": key, "name": key});
        self.post("/projects", body)
            .by(owner)
            .send()
            .await
            .expect(201)
            .id()
    }

    /// A task; the whole of it.
    pub(crate) async fn task(&self, by: &User, project: &str, title: &str) -> Value {
        let body = json!({"project_id": project, "title": title});
        self.post("/tasks", body)
            .by(by)
            .send()
            .await
            .expect(201)
            .data()
    }

    /// An admin who owns a team with a project, to begin a test with.
    pub(crate) async fn with_project(&self) -> (User, String, String) {
        let ada = self.user("ada").await;
        let team = self.team(&ada, "Millers").await;
        let project = self.project(&ada, &team, "ENG").await;
        (ada, team, project)
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
