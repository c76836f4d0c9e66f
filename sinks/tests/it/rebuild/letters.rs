//! Refused records: set aside, tried again in vain, tried again when the cause is gone, discarded; and a pipeline that has
//! halted goes on.

use super::world::World;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_store::pipeline::letter::{
    DeadLetter, DiscardDeadLetter, LetterState, RetryDeadLetter,
};
use millstream_store::testing::builders::page;
use std::time::Duration;

/// Longest time a test waits for what must happen.
const SOON: Duration = Duration::from_secs(30);

/// What the pipelines cannot read, in the place of the last record; what it was.
pub(super) async fn poisons(world: &World) -> (i64, String) {
    let last: (i64, String) = sqlx::query_as(
        "insert into stream.outbox (event_id, topic, key, kind, subject, at, actor, via, schema_version, data)
         select gen_random_uuid(), topic, key, kind, subject, at, actor, via, schema_version, '{}'
         from stream.log where kind = 'comment.created' order by seq desc limit 1
         returning id, (select data::text from stream.log where kind = 'comment.created' order by seq desc limit 1)",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    world.caught_up().await;
    let seq = sqlx::query_scalar("select seq from stream.log where outbox_id = $1")
        .bind(last.0)
        .fetch_one(world.pool())
        .await
        .unwrap();
    (seq, last.1)
}

/// A version of the program comes that can read it.
pub(super) async fn heals(world: &World, seq: i64, data: &str) {
    sqlx::query("update stream.log set data = $2::json where seq = $1")
        .bind(seq)
        .bind(data)
        .execute(world.pool())
        .await
        .unwrap();
}

pub(super) async fn letter(world: &World, view: &str) -> DeadLetter {
    let all = page(10, None);
    let mut letters = world
        .test
        .store
        .dead_letters(&Actor::System, view, &[], &all)
        .await
        .unwrap()
        .items;
    assert_eq!(letters.len(), 1, "{view}");
    letters.remove(0)
}

async fn retries(world: &World, view: &str, seq: i64) {
    let (actor, pipeline) = (Actor::System, view.to_owned());
    let retry = RetryDeadLetter {
        actor,
        pipeline,
        seq,
    };
    world
        .test
        .store
        .write(&Origin::default(), retry)
        .await
        .unwrap();
    let over = async {
        while letter(world, view).await.state == LetterState::Retrying {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, over)
        .await
        .expect("something comes of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_taken_when_its_cause_is_gone() {
    let mut world = World::new(19).await;
    world.acts(30).await;
    let (seq, data) = poisons(&world).await;
    let before = world.contents().await;
    for view in super::VIEWS {
        let refused = letter(&world, view).await;
        assert_eq!(
            (refused.seq, refused.state, refused.tries),
            (seq, LetterState::Waiting, 1)
        );
        let record = refused.record.expect("the log has it");
        assert_eq!(
            (&*record.kind, record.data.get()),
            ("comment.created", "{}")
        );
        retries(&world, view, seq).await;
        let again = letter(&world, view).await;
        assert_eq!((again.state, again.tries), (LetterState::Waiting, 2));
    }
    world.caught_up().await;
    assert!(world.contents().await == before, "nothing came of it");
    heals(&world, seq, &data).await;
    for view in super::VIEWS {
        retries(&world, view, seq).await;
        assert_eq!(letter(&world, view).await.state, LetterState::Taken);
    }
    let after = world.contents().await;
    assert_eq!(after.0.len(), before.0.len() + 1, "a line of the activity");
    let waiting: i64 = sqlx::query_scalar("select sum(dead_letters)::bigint from stream.pipeline")
        .fetch_one(world.pool())
        .await
        .unwrap();
    assert_eq!(waiting, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_a_record_once_however_often_it_was_tried_again() {
    let mut world = World::new(23).await;
    world.acts(30).await;
    let (seq, data) = poisons(&world).await;
    retries(&world, "activity", seq).await;
    heals(&world, seq, &data).await;
    retries(&world, "activity", seq).await;
    retries(&world, "search@here", seq).await;
    world.caught_up().await;
    // Where it was refused it is read now: at its own place, and not where it was tried again.
    let found = world.rebuilt("activity", false).await.found.unwrap();
    assert_eq!(
        (found.only_live, found.only_rebuilt, found.changed),
        (1, 1, 0)
    );
    let lines: Vec<i64> = sqlx::query_scalar("select seq from app.activity where seq >= $1")
        .bind(seq)
        .fetch_all(world.pool())
        .await
        .unwrap();
    assert_eq!(lines, [seq]);
    // Its comment is in the index once, too.
    let found = world.rebuilt("search@here", true).await.found.unwrap();
    assert_eq!(found.differences(), 0, "{:?}", found.examples);
    // It was never tried again here, and waits; the rebuild takes it.
    assert_eq!(
        letter(&world, "notifications").await.state,
        LetterState::Waiting
    );
    world.rebuilt("notifications", false).await;
    assert_eq!(
        letter(&world, "notifications").await.state,
        LetterState::Taken
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_record_is_discarded_with_a_reason_and_stays_so() {
    let mut world = World::new(29).await;
    world.acts(10).await;
    let (seq, _) = poisons(&world).await;
    let discard = |reason: &str| DiscardDeadLetter {
        actor: Actor::System,
        pipeline: "activity".to_owned(),
        seq,
        reason: reason.to_owned(),
    };
    let nobody = Origin::default();
    let write = |change| world.test.store.write(&nobody, change);
    assert!(write(discard("  ")).await.is_err(), "a reason is needed");
    let done = write(discard("a test")).await.unwrap().output;
    assert_eq!(done.state, LetterState::Discarded);
    assert_eq!(done.reason.as_deref(), Some("a test"));
    world.caught_up().await;
    let found = world.rebuilt("activity", false).await.found.unwrap();
    assert_eq!((found.differences(), found.refused), (0, 1));
    assert_eq!(
        letter(&world, "activity").await.state,
        LetterState::Discarded
    );
    let kinds = world.test.kinds().await;
    assert!(kinds.contains(&"pipeline.dead_letter_discarded".to_owned()));
    assert!(!world.reader().teams.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_cannot_be_read_halts_the_pipeline_and_a_rebuild_mends_it() {
    let mut world = World::new(31).await;
    world.acts(30).await;
    world.caught_up().await;
    let before = world.contents().await;
    sqlx::query("update stream.pipeline_state set state = '{\"assignees\": 7}' where pipeline = 'notifications'")
        .execute(world.pool())
        .await
        .unwrap();
    world.restarts().await;
    let status = async || {
        let all = world.test.store.pipelines().await.unwrap();
        all.into_iter().find(|p| p.name == "notifications").unwrap()
    };
    let halted = async {
        while status().await.state != "halted" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, halted).await.expect("it halts");
    let error = status().await.error.unwrap();
    assert!(
        error.contains("operator \"notifications\"") && error.contains("millstream rebuild"),
        "{error}"
    );
    let found = world.rebuilt("notifications", false).await.found.unwrap();
    assert_eq!(found.differences(), 0);
    world.caught_up().await;
    assert!(world.contents().await == before);
    assert_ne!(status().await.state, "halted");
}
