//! The search index as a sink: a case of the suite, and what is its alone: the cut in the index, dead letters in Postgres.

use crate::suite::Case;
use crate::views::items;
use millstream_domain::clock::SystemClock;
use millstream_event_log::testing::{at, record};
use millstream_event_log::{Cut, Event, Record};
use millstream_pipelines::dataflows::search::{self, SearchChange};
use millstream_pipelines::sink::{Commit, DeadLetter, Effect, Fault, Generation, Lease, Sink};
use millstream_search::Index;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::tantivy::TantivySink;
use millstream_store::testing::TestDatabase;
use std::sync::Arc;
use tempfile::TempDir;

/// The row of this node's index.
const ROW: &str = "search@here";

/// The search index.
pub(crate) struct Search {
    database: TestDatabase,
    folder: TempDir,
    index: Index,
}

impl Case for Search {
    type Sink = TantivySink;

    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            database: TestDatabase::new().await,
            index: Index::open(folder.path()).unwrap(),
            folder,
        }
    }

    fn sink(&self) -> TantivySink {
        let pool = self.database.pool().clone();
        TantivySink::new(self.index.clone(), pool, Arc::new(SystemClock), ROW)
    }

    fn lease(&self, owner: &str) -> impl Lease {
        let pool = self.database.pool().clone();
        PostgresLease::new(pool, Arc::new(SystemClock), ROW, 1, owner)
    }

    fn items(record: &Record) -> Vec<SearchChange> {
        items(&search::pipeline(), record)
    }

    async fn seen(&self) -> Vec<String> {
        self.index.sources().unwrap()
    }
}

impl Search {
    /// The process ends, and another one opens the folder.
    fn restarted(self) -> Self {
        self.index.close().unwrap();
        drop(self.index);
        Self {
            index: Index::open(self.folder.path()).unwrap(),
            ..self
        }
    }

    async fn open(&self) -> (TantivySink, Cut) {
        let generation = self.lease("a").acquire().await.unwrap();
        let mut sink = self.sink();
        let resume = sink.open(generation.expect("it is its own")).await.unwrap();
        assert!(resume.states.is_empty(), "the pipeline has no state");
        (sink, resume.cut)
    }

    /// The cut and the number of dead letters that people are shown.
    async fn reported(&self) -> (i64, i64) {
        let row = "select cut, dead_letters from stream.pipeline where name = $1";
        sqlx::query_as(row)
            .bind(ROW)
            .fetch_one(self.database.pool())
            .await
            .unwrap()
    }

    async fn letters(&self) -> Vec<(i64, String)> {
        let rows = "select seq, error from stream.dead_letter where pipeline = $1 order by seq";
        sqlx::query_as(rows)
            .bind(ROW)
            .fetch_all(self.database.pool())
            .await
            .unwrap()
    }
}

/// All samples but those by which things go for ever: what is left is worth comparing.
fn log() -> Vec<Record> {
    let stays = |event: &Event| !event.kind().ends_with(".deleted");
    (1..)
        .zip(Event::samples().into_iter().filter(stays))
        .map(|(seq, event)| record(seq, event))
        .collect()
}

fn commit(records: &[Record]) -> Commit<SearchChange> {
    let effects = records.iter().flat_map(|record| {
        let items = Search::items(record).into_iter();
        items.map(|item| Effect {
            seq: record.seq,
            at: record.at,
            item,
        })
    });
    Commit {
        effects: effects.collect(),
        states: Vec::new(),
        dead: Vec::new(),
        taken: Vec::new(),
        cut: Cut::at(records.last().unwrap().seq),
    }
}

fn letter(seq: u64) -> DeadLetter {
    DeadLetter {
        seq,
        key: "a".into(),
        error: "not an event\0".into(),
        at: at(0),
    }
}

async fn straight() -> Vec<String> {
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    sink.commit(&commit(&log())).await.unwrap();
    case.seen().await
}

#[tokio::test]
async fn a_reopened_index_goes_on_from_the_cut_in_its_own_commit() {
    let log = log();
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    sink.commit(&commit(&log[..8])).await.unwrap();
    drop(sink);
    // What Postgres was told does not count: it can be behind, and ahead.
    for row in [0, 1_000] {
        sqlx::query("update stream.pipeline set cut = $1")
            .bind(row)
            .execute(case.database.pool())
            .await
            .unwrap();
        let (_, cut) = case.open().await;
        assert_eq!(cut, Cut::at(8));
    }
    let case = case.restarted();
    let (mut sink, cut) = case.open().await;
    assert_eq!(cut, Cut::at(8));
    sink.commit(&commit(&log[8..])).await.unwrap();
    assert_eq!(case.seen().await, straight().await);
}

#[tokio::test]
async fn what_was_committed_and_not_acknowledged_is_left_out_when_it_comes_again() {
    let log = log();
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    sink.commit(&commit(&log[..8])).await.unwrap();
    drop(sink);
    let case = case.restarted();
    let (mut sink, _) = case.open().await;
    // The runner never heard of the commit, and sends it again with more.
    sink.commit(&commit(&log)).await.unwrap();
    sink.commit(&commit(&log[..8])).await.unwrap();
    assert_eq!(case.seen().await, straight().await);
    assert_eq!(case.index.cut(), log.len() as u64);
}

#[tokio::test]
async fn an_index_that_was_lost_is_rebuilt_from_the_start() {
    let log = log();
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    sink.commit(&commit(&log)).await.unwrap();
    drop(sink);
    std::fs::write(case.folder.path().join("damaged"), "").unwrap();
    let case = case.restarted();
    let (mut sink, cut) = case.open().await;
    assert_eq!(cut, Cut::START);
    sink.commit(&commit(&log)).await.unwrap();
    assert_eq!(case.seen().await, straight().await);
}

#[tokio::test]
async fn an_index_whose_row_was_forgotten_goes_on_under_a_generation_above_its_own() {
    let log = log();
    let case = Search::new().await;
    for _ in 0..5 {
        case.open().await;
    }
    let (mut sink, _) = case.open().await;
    sink.commit(&commit(&log[..8])).await.unwrap();
    drop(sink);
    sqlx::query("delete from stream.pipeline")
        .execute(case.database.pool())
        .await
        .unwrap();
    let case = case.restarted();
    let mut sink = case.sink();
    let first = case.lease("a").acquire().await.unwrap().expect("its own");
    let refused = sink.open(first).await;
    assert!(matches!(refused, Err(Fault::Fenced)), "{refused:?}");
    let (mut sink, cut) = case.open().await;
    assert_eq!(cut, Cut::at(8));
    sink.commit(&commit(&log)).await.unwrap();
    assert_eq!(case.seen().await, straight().await);
}

#[tokio::test]
async fn a_poisoned_record_becomes_a_dead_letter_and_the_index_goes_on() {
    let log = log();
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    let mut poisoned = commit(&log);
    poisoned.effects.retain(|effect| effect.seq != 2);
    poisoned.dead = vec![letter(2)];
    sink.commit(&poisoned).await.unwrap();
    assert_eq!(case.letters().await, [(2, "not an event\u{fffd}".into())]);
    let tail = i64::try_from(log.len()).unwrap();
    assert_eq!(case.reported().await, (tail, 1));
    assert_eq!(case.index.cut(), log.len() as u64);
    // A repeat writes it once.
    sink.commit(&poisoned).await.unwrap();
    assert_eq!(case.reported().await, (tail, 1));
}

#[tokio::test]
async fn a_cut_alone_is_written_too() {
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    let mut idle = commit(&log());
    idle.effects.clear();
    sink.commit(&idle).await.unwrap();
    drop(sink);
    let case = case.restarted();
    assert_eq!(case.open().await.1, idle.cut);
}

#[tokio::test]
async fn what_a_database_cannot_keep_is_written_all_the_same() {
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    let mut odd = commit(&log()[..1]);
    let SearchChange::PutTask { task, .. } = &mut odd.effects[0].item else {
        panic!("the first sample makes a task")
    };
    task.title = "nul \0 and \u{202e}turned".into();
    task.description = "x".repeat(1 << 20);
    task.name = "N".repeat(70_000);
    sink.commit(&odd).await.unwrap();
    assert_eq!(case.seen().await.len(), 1);
}

#[tokio::test]
async fn postgres_being_away_does_not_keep_the_index_from_going_on() {
    let log = log();
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    sqlx::query("alter table stream.pipeline rename to away")
        .execute(case.database.pool())
        .await
        .unwrap();
    sink.commit(&commit(&log)).await.unwrap();
    assert_eq!(case.index.cut(), log.len() as u64);
    // But a dead letter must not get lost: nothing is committed without it.
    let mut dead = commit(&log);
    (dead.cut, dead.dead) = (Cut::at(1_000), vec![letter(1_000)]);
    assert!(sink.commit(&dead).await.is_err());
    assert_eq!(case.index.cut(), log.len() as u64);
}

#[tokio::test]
async fn an_index_that_another_process_writes_is_waited_for() {
    let case = Search::new().await;
    let (mut sink, _) = case.open().await;
    let other = Index::open(case.folder.path()).unwrap();
    let pool = case.database.pool().clone();
    let mut second = TantivySink::new(other, pool, Arc::new(SystemClock), ROW);
    let refused = second.open(Generation(9)).await;
    assert!(matches!(refused, Err(Fault::Transient(_))), "{refused:?}");
    sink.commit(&commit(&log())).await.unwrap();
    drop(sink);
    let case = case.restarted();
    assert!(!case.seen().await.is_empty());
}
