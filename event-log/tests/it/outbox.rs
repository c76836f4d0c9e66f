//! The races of the outbox and the mover on real Postgres: what a cursor over a sequence would lose or turn around.

use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::team::TeamRole;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::events::member::{MemberEvent, Membership};
use millstream_event_log::mover::{MOVE_ROWS_MAX, Moved, Mover};
use millstream_event_log::record::{NewEvent, Record};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, LogError, outbox};
use millstream_store::testing::TestDatabase;
use sqlx::{PgPool, Postgres, Transaction};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// An event of aggregate `team` whose place in that aggregate's history is `step`.
fn step(id: u64, team: u128, step: u128) -> NewEvent {
    let membership = Membership {
        team_id: TeamId(Uuid::from_u128(team)),
        user_id: UserId(Uuid::from_u128(step)),
        username: "ada".into(),
        role: TeamRole::Member,
        role_before: None,
    };
    new_event(id, MemberEvent::Added(membership))
}

fn step_of(record: &Record) -> u128 {
    match record.event().unwrap() {
        millstream_event_log::Event::Member(event) => event.membership().user_id.0.as_u128(),
        other => panic!("not written by these tests: {other:?}"),
    }
}

async fn read_all(pool: &PgPool) -> Vec<Record> {
    let log = PostgresLog::new(pool.clone(), None);
    let mut records: Vec<Record> = Vec::new();
    loop {
        let cut = Cut::at(records.len() as u64);
        let batch = log
            .read(
                cut,
                Budget {
                    records: 7_000,
                    bytes: 1 << 30,
                },
            )
            .await
            .unwrap();
        if batch.records.is_empty() {
            return records;
        }
        records.extend(batch.records);
    }
}

async fn append(tx: &mut Transaction<'_, Postgres>, event: NewEvent) {
    outbox::append(tx, &[event]).await.unwrap();
}

/// Dense, complete, and each aggregate's steps in order.
fn assert_in_order(records: &[Record], expected: usize) {
    assert_eq!(records.len(), expected);
    let mut last = BTreeMap::new();
    for (record, seq) in records.iter().zip(1..) {
        assert_eq!(record.seq, seq, "dense");
        let step = step_of(record);
        let before = last.insert(record.key, step);
        assert_eq!(
            before.map_or(0, |b| b + 1),
            step,
            "aggregate {} in order",
            record.key
        );
    }
}

/// Writers that change a few aggregates, each under its row lock, as the store does. Some first write something
/// unrelated, so that transaction ids and outbox ids disagree; some dawdle before the commit.
async fn writer(pool: PgPool, number: u64, rounds: u64) {
    for round in 0..rounds {
        let team = (number + round) % 5;
        let mut tx = pool.begin().await.unwrap();
        if round % 3 == 0 {
            sqlx::query("insert into scratch default values")
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        let at: i64 = sqlx::query_scalar(
            "update aggregate set step = step + 1 where id = $1 returning step - 1",
        )
        .bind(i64::try_from(team).unwrap())
        .fetch_one(&mut *tx)
        .await
        .unwrap();
        append(
            &mut tx,
            step(
                number * 1_000_000 + round,
                u128::from(team),
                u128::try_from(at).unwrap(),
            ),
        )
        .await;
        if round % 7 == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tx.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_movers_and_many_writers_lose_nothing_and_turn_nothing_around() {
    const WRITERS: u64 = 8;
    const ROUNDS: u64 = 150;
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    for sql in [
        "create table scratch (id bigint generated always as identity primary key)",
        "create table aggregate (id bigint primary key, step bigint not null)",
        "insert into aggregate select g, 0 from generate_series(0, 4) g",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let stop = CancellationToken::new();
    let movers: Vec<_> = (0..2)
        .map(|_| tokio::spawn(Mover::new(pool.clone()).run(stop.clone())))
        .collect();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| tokio::spawn(writer(pool.clone(), n, ROUNDS)))
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    stop.cancel();
    for mover in movers {
        mover.await.unwrap();
    }
    while Mover::new(pool.clone()).move_once().await.unwrap() != Moved::Events(0) {}
    assert_in_order(
        &read_all(&pool).await,
        usize::try_from(WRITERS * ROUNDS).unwrap(),
    );
}

#[tokio::test]
async fn a_long_transaction_holds_nobody_up_and_is_not_lost() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let mover = Mover::new(pool.clone());
    let mut long = pool.begin().await.unwrap();
    append(&mut long, step(1, 1, 0)).await;
    let mut short = pool.begin().await.unwrap();
    append(&mut short, step(2, 2, 0)).await;
    short.commit().await.unwrap();

    assert_eq!(
        mover.move_once().await.unwrap(),
        Moved::Events(1),
        "the later id went first"
    );
    long.commit().await.unwrap();
    assert_eq!(
        mover.move_once().await.unwrap(),
        Moved::Events(1),
        "and the earlier one is not passed over"
    );
    let records = read_all(&pool).await;
    assert_in_order(&records, 2);
    assert!(records[0].outbox_id > records[1].outbox_id);
}

#[tokio::test]
async fn ten_thousand_neighbours_go_through_in_order() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let events: Vec<_> = (0..10_000)
        .map(|n| step(n, u128::from(n % 10), u128::from(n / 10)))
        .collect();
    let mut tx = pool.begin().await.unwrap();
    let last = outbox::append(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    let mover = Mover::new(pool.clone());
    while mover.move_once().await.unwrap() != Moved::Events(0) {}

    let records = read_all(&pool).await;
    assert_in_order(&records, 10_000);
    assert!(
        records.is_sorted_by_key(|r| r.outbox_id),
        "the order of the append is kept"
    );
    let log = PostgresLog::new(pool.clone(), Some(mover.tail()));
    assert_eq!(log.seq_of(last.unwrap()).await.unwrap(), Some(10_000));
    let from_index = PostgresLog::new(pool, None);
    assert_eq!(
        from_index.seq_of(last.unwrap()).await.unwrap(),
        Some(10_000),
        "without the ring too"
    );
}

#[tokio::test]
async fn a_mover_at_work_is_not_waited_for() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select next from stream.head for update")
        .execute(&mut *other)
        .await
        .unwrap();
    let mover = Mover::new(pool.clone());
    let attempt = tokio::time::timeout(Duration::from_secs(10), mover.move_once());
    assert_eq!(attempt.await.expect("did not wait").unwrap(), Moved::Busy);
}

#[tokio::test]
async fn an_event_of_a_transaction_that_was_rolled_back_never_happened() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let mut tx = pool.begin().await.unwrap();
    append(&mut tx, step(1, 1, 0)).await;
    tx.rollback().await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    append(&mut tx, step(2, 1, 0)).await;
    tx.commit().await.unwrap();
    assert_eq!(
        Mover::new(pool.clone()).move_once().await.unwrap(),
        Moved::Events(1)
    );
    assert_in_order(&read_all(&pool).await, 1);
}

#[tokio::test]
async fn what_a_pipeline_says_again_is_appended_once() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let say = async |events: Vec<NewEvent>| {
        let mut tx = pool.begin().await.unwrap();
        let last = outbox::append_once(&mut tx, events).await.unwrap();
        tx.commit().await.unwrap();
        last
    };
    let (first, second) = (step(1, 1, 0), step(2, 1, 1));
    let last = say(vec![first.clone(), first.clone()]).await;
    assert!(last.is_some(), "said for the first time");
    assert_eq!(say(vec![first.clone()]).await, None);
    assert!(say(vec![first, second]).await > last);
    Mover::new(pool.clone()).move_once().await.unwrap();
    assert_in_order(&read_all(&pool).await, 2);
}

#[tokio::test]
async fn what_a_rolled_back_commit_said_is_said_by_the_next() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let mut tx = pool.begin().await.unwrap();
    let said = outbox::append_once(&mut tx, vec![step(1, 1, 0)]).await;
    assert!(said.unwrap().is_some());
    tx.rollback().await.unwrap();
    let mut tx = pool.begin().await.unwrap();
    let said = outbox::append_once(&mut tx, vec![step(1, 1, 0)]).await;
    assert!(said.unwrap().is_some());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_mover_that_is_stopped_leaves_nothing_in_the_outbox() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let backlog = u64::from(MOVE_ROWS_MAX) * 2 + 1;
    let events: Vec<_> = (0..backlog).map(|n| step(n, 1, u128::from(n))).collect();
    let mut tx = pool.begin().await.unwrap();
    outbox::append(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    let stop = CancellationToken::new();
    stop.cancel();
    Mover::new(pool.clone()).run(stop).await;
    assert_in_order(&read_all(&pool).await, usize::try_from(backlog).unwrap());
}

#[tokio::test]
async fn a_trimmed_log_and_a_restored_one_are_told_to_the_reader() {
    let database = TestDatabase::new().await;
    let pool = database.pool().clone();
    let events: Vec<_> = (0..5).map(|n| step(n, 1, u128::from(n))).collect();
    let mut tx = pool.begin().await.unwrap();
    outbox::append(&mut tx, &events).await.unwrap();
    tx.commit().await.unwrap();
    Mover::new(pool.clone()).move_once().await.unwrap();
    let log = PostgresLog::new(pool.clone(), None);
    let budget = Budget {
        records: 10,
        bytes: 1 << 20,
    };

    let ahead = log.read(Cut::at(9), budget).await;
    assert!(
        matches!(ahead, Err(LogError::Ahead { cut: 9, tail: 5 })),
        "{ahead:?}"
    );
    sqlx::query("delete from stream.log where seq <= 2")
        .execute(&pool)
        .await
        .unwrap();
    let gap = log.read(Cut::START, budget).await;
    assert!(
        matches!(gap, Err(LogError::Gap { wanted: 1, head: 3 })),
        "{gap:?}"
    );
    assert_eq!(log.read(Cut::at(2), budget).await.unwrap().records.len(), 3);
}
