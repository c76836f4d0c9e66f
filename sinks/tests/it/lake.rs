//! The lake on a real Postgres and in a folder: what it shows, what it holds after crashes, and whether its numbers are right.

mod by_hand;
mod duckdb;
mod fold;
mod kill;
mod numbers;
mod world;
mod written;

use chrono::TimeDelta;
use millstream_analytics_engine::session::Asker;
use millstream_analytics_engine::{Engine, Lake};
use millstream_domain::clock::{Clock, SystemClock, SystemIds};
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_event_log::{Cut, Record};
use millstream_pipelines::dataflows::lake::{self, LakeChange};
use millstream_pipelines::sink::{Commit, Effect, Generation, Resume, Sink as _, StateRow};
use millstream_pipelines::testing::Naked;
use millstream_sinks::lake::{LakeSink, LakeWriter};
use millstream_store::pipeline;
use millstream_store::testing::TestDatabase;
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;
use url::Url;

/// A lake, and the pipeline that fills it, without threads: records go in where the test says.
struct Bench {
    database: TestDatabase,
    folder: TempDir,
    lake: Lake,
    sink: LakeSink,
    writer: LakeWriter,
    naked: Naked<LakeChange>,
    cut: u64,
}

async fn open(folder: &Path) -> Lake {
    let root = Url::from_directory_path(folder).unwrap();
    Lake::open(root, Arc::new(SystemClock), Arc::new(SystemIds))
        .await
        .unwrap()
}

impl Bench {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        Self::on(database, tempfile::tempdir().unwrap()).await
    }

    /// A process that starts on what another one left.
    async fn on(database: TestDatabase, folder: TempDir) -> Self {
        let lake = open(folder.path()).await;
        let (pool, clock) = (database.pool().clone(), Arc::new(SystemClock));
        let (now, ttl) = (clock.now(), TimeDelta::seconds(15));
        let leased = pipeline::acquire(&pool, lake::NAME, 1, "test", now, ttl).await;
        let generation = Generation(leased.unwrap().unwrap());
        let (mut sink, writer) =
            millstream_sinks::lake::lake(lake.clone(), pool, clock, lake::NAME);
        let Resume { cut, states } = sink.open(generation).await.unwrap();
        Self {
            naked: Naked::new(&lake::pipeline(), states),
            cut: cut.seq,
            database,
            folder,
            lake,
            sink,
            writer,
        }
    }

    /// Shows what these records change, those that it has seen already left out.
    async fn read(&mut self, records: &[Record]) {
        let new: Vec<_> = records
            .iter()
            .filter(|r| r.seq > self.cut)
            .cloned()
            .collect();
        let Some(last) = new.last() else { return };
        let (seq, at) = (last.seq, last.at);
        self.naked.records(new, at);
        let closed = self.naked.settle();
        assert!(closed.dead.is_empty(), "{:?}", closed.dead);
        let effects = closed.effects.into_iter();
        let states = closed
            .states
            .into_iter()
            .map(|(operator, key, state)| StateRow {
                operator,
                key,
                state: state.map(|text| RawValue::from_string(text.as_str().into()).unwrap()),
            });
        let commit = Commit {
            effects: effects
                .map(|(seq, at, item)| Effect { seq, at, item })
                .collect(),
            states: states.collect(),
            dead: Vec::new(),
            taken: Vec::new(),
            cut: Cut::at(seq),
        };
        self.sink.commit(&commit).await.unwrap();
        self.cut = seq;
    }

    fn engine(&self) -> Engine {
        Engine::new(self.lake.clone()).unwrap()
    }
}

fn asker(id: UserId) -> Asker {
    Asker {
        id,
        visible: Visible::All,
    }
}
