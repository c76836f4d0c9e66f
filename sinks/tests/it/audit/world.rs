//! An installation in small: a log, an audit made of it, a key, and an object store. And what somebody can do to it who
//! has the database.

use millstream_domain::clock::MockClock;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::Event;
use millstream_event_log::mover::{Moved, Mover};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, Record, outbox};
use millstream_pipelines::dataflows::audit::{self, Entry};
use millstream_pipelines::sink::{Commit, Effect, Lease, Sink};
use millstream_sinks::audit::AuditView;
use millstream_sinks::audit::checkpointer::Checkpointer;
use millstream_sinks::audit::checkpoints::Checkpoints;
use millstream_sinks::audit::entry;
use millstream_sinks::audit::key::SigningKey;
use millstream_sinks::audit::report::Report;
use millstream_sinks::audit::verify::verify;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::postgres::PostgresSink;
use millstream_store::merkle::Frontier;
use millstream_store::testing::TestDatabase;
use millstream_store::views::audit::rows::{self, Row};
use object_store::memory::InMemory;
use sqlx::PgPool;
use std::sync::Arc;

const BUDGET: Budget = Budget {
    records: 1_000,
    bytes: 1 << 24,
};

/// Who runs the pipeline.
pub(super) const OWNER: &str = "test";

pub(super) struct World {
    _database: TestDatabase,
    pub(super) pool: PgPool,
    pub(super) checkpoints: Checkpoints,
    pub(super) key: Arc<SigningKey>,
    events: u64,
}

impl World {
    pub(super) async fn new() -> Self {
        let database = TestDatabase::new().await;
        Self {
            pool: database.pool().clone(),
            _database: database,
            checkpoints: Checkpoints::new(Arc::new(InMemory::new())),
            key: Arc::new(SigningKey::generate().unwrap()),
            events: 0,
        }
    }

    /// A world with entries, some of them signed: 20 under two checkpoints (of 12 and of 20 entries), 7 younger.
    pub(super) async fn signed() -> Self {
        let mut world = Self::new().await;
        for (entries, sign) in [(12, true), (8, true), (7, false)] {
            world.happen(entries).await;
            if sign {
                world.sign().await;
            }
        }
        world
    }

    /// So many things happen, and the audit's pipeline sees them.
    pub(super) async fn happen(&mut self, count: u64) {
        self.log(count).await;
        self.pipeline().await;
    }

    /// So many things happen.
    pub(super) async fn log(&mut self, count: u64) {
        let samples = Event::samples();
        let kinds = samples.len() as u64;
        let event = |n: u64| samples[usize::try_from(n % kinds).unwrap()].clone();
        let events: Vec<_> = (self.events..self.events + count)
            .map(|n| new_event(n, event(n)))
            .collect();
        self.events += count;
        let mut tx = self.pool.begin().await.unwrap();
        outbox::append(&mut tx, &events).await.unwrap();
        tx.commit().await.unwrap();
        while Mover::new(self.pool.clone()).move_once().await.unwrap() != Moved::Events(0) {}
    }

    /// What the pipeline does, in one commit.
    pub(super) async fn pipeline(&self) {
        run_pipeline(&self.pool).await;
    }

    pub(super) fn checkpointer(&self) -> Checkpointer {
        Checkpointer::new(
            self.pool.clone(),
            self.checkpoints.clone(),
            Arc::clone(&self.key),
        )
    }

    pub(super) async fn sign(&self) {
        self.checkpointer().sign().await.unwrap().unwrap();
    }

    pub(super) async fn verify(&self) -> Report {
        self.verify_with(None).await
    }

    pub(super) async fn verify_with(&self, given: Option<&str>) -> Report {
        let mut last = (0, 0);
        let mut progress = |done, all| last = (done, all);
        let key = self.key.verifier();
        let report = verify(&self.pool, &self.checkpoints, key, given, &mut progress)
            .await
            .unwrap();
        assert_eq!(last.0, last.1, "progress comes to its end");
        report
    }

    pub(super) async fn rows(&self) -> Vec<Row> {
        let mut all = Vec::new();
        rows::walk(&self.pool, i64::MIN..i64::MAX, |row| all.push(row))
            .await
            .unwrap();
        all
    }

    /// What a superuser can do: the triggers are switched off, and the table is filled with something else.
    pub(super) async fn replace(&self, rows: &[Row]) {
        self.superuser("alter table app.audit disable trigger all")
            .await;
        self.superuser("delete from app.audit").await;
        let mut db = self.pool.acquire().await.unwrap();
        rows::append(&mut db, rows).await.unwrap();
        drop(db);
        self.superuser("alter table app.audit enable trigger all")
            .await;
    }

    /// The same, by somebody who knows how entries are hashed and puts every index and every hash right.
    pub(super) async fn replace_and_recompute(&self, rows: &[Row]) {
        self.replace(&recomputed(rows)).await;
    }

    /// Edits with the triggers off.
    pub(super) async fn edit(&self, sql: &str) {
        self.superuser("alter table app.audit disable trigger all")
            .await;
        self.superuser(sql).await;
        self.superuser("alter table app.audit enable trigger all")
            .await;
    }

    pub(super) async fn superuser(&self, sql: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap();
    }
}

/// What the audit's pipeline does, in one commit.
pub(super) async fn run_pipeline(pool: &PgPool) {
    let (mut sink, cut) = sink(pool).await;
    let log = PostgresLog::new(pool.clone(), None);
    let batch = log.read(cut, BUDGET).await.unwrap();
    sink.commit(&commit(&batch.records)).await.unwrap();
}

/// The audit's sink, taken over, and its cut.
pub(super) async fn sink(pool: &PgPool) -> (PostgresSink<AuditView>, Cut) {
    let clock = Arc::new(MockClock::default());
    let mut lease = PostgresLease::new(pool.clone(), clock.clone(), audit::NAME, 1, OWNER);
    let generation = lease.acquire().await.unwrap().unwrap();
    let mut sink = PostgresSink::new(audit::NAME, pool.clone(), clock, AuditView);
    let cut = sink.open(generation).await.unwrap().cut;
    (sink, cut)
}

/// What the audit's dataflow makes of records.
pub(super) fn commit(records: &[Record]) -> Commit<Entry> {
    let effect = |record: &Record| Effect {
        seq: record.seq,
        at: record.at,
        item: audit::entry(record).unwrap(),
    };
    Commit {
        effects: records.iter().map(effect).collect(),
        states: Vec::new(),
        dead: Vec::new(),
        taken: Vec::new(),
        cut: Cut::at(records.last().unwrap().seq),
    }
}

pub(super) fn recomputed(rows: &[Row]) -> Vec<Row> {
    let mut tree = Frontier::default();
    let row = |(index, row): (usize, &Row)| {
        let mut row = Row {
            index: i64::try_from(index).unwrap(),
            ..row.clone()
        };
        let leaf = entry::hash(&row).unwrap();
        row.leaf_hash = leaf.to_vec();
        row.nodes = tree.push(leaf).concat();
        row
    };
    rows.iter().enumerate().map(row).collect()
}
