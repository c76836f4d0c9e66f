//! Rebuilds that take long, are silent for long, or are overtaken: who slept changes nothing, and what was done is told.

use super::letters::{heals, letter, poisons};
use super::staged::{Stage, Staged};
use super::world::World;
use chrono::TimeDelta;
use millstream_pipelines::dataflows::activity;
use millstream_sinks::rebuild::postgres::PostgresView;
use millstream_sinks::rebuild::search::SearchView;
use millstream_store::pipeline::letter::LetterState;
use millstream_store::pipeline::rebuild::{Rebuild, RebuildState};

/// Longer than a rebuild may be silent.
const LONG: TimeDelta = TimeDelta::minutes(2);

/// A world in which much was done, and nothing goes on any more.
async fn quiet(seed: u64) -> World {
    let mut world = World::new(seed).await;
    world.acts(60).await;
    world.caught_up().await;
    world.stops().await.close().unwrap();
    world
}

async fn shadow(world: &World) -> Vec<String> {
    sqlx::query_scalar("select s::text from app.activity_shadow s order by seq")
        .fetch_all(world.pool())
        .await
        .unwrap()
}

fn has_ended(rebuild: &Rebuild) -> bool {
    rebuild.state.has_ended()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_slept_for_too_long_changes_nothing_and_leaves_the_shadow_to_who_came_after() {
    let world = quiet(37).await;
    let whole = world.contents().await.0;
    let store = &world.test.store;
    for (slept_at, overtaken_at) in [
        (Stage::Begun, Stage::Swapping),
        (Stage::Comparing, Stage::Begun),
        (Stage::Comparing, Stage::Swapping),
        (Stage::Swapping, Stage::Begun),
        (Stage::Swapping, Stage::Comparing),
        (Stage::Swapping, Stage::Swapping),
    ] {
        let case = format!("{slept_at:?}, {overtaken_at:?}");
        world.damages().await;
        let damaged = world.contents().await.0;
        let first = Staged::of(PostgresView::activity(store.clone()));
        let first = first.stopped_at(slept_at).asleep();
        let sleeping = first.gate();
        let first = world.beside("first", activity::NAME, first);
        world.asks(activity::NAME, false).await;
        sleeping.is_reached().await;
        world.test.clock.advance(LONG);
        world.asks(activity::NAME, false).await;
        let asked = store.rebuild(activity::NAME).await.unwrap().unwrap();
        assert_eq!(asked.state, RebuildState::Asked, "{case}");

        let second = Staged::of(PostgresView::activity(store.clone())).stopped_at(overtaken_at);
        let waiting = second.gate();
        let second = world.beside("second", activity::NAME, second);
        waiting.is_reached().await;
        let made = shadow(&world).await;
        sleeping.opens();
        sleeping.is_cleared().await;
        first.ended().await;
        assert!(world.contents().await.0 == damaged, "{case}: the view");
        assert!(shadow(&world).await == made, "{case}: the shadow");

        waiting.opens();
        let ended = world.until(activity::NAME, has_ended).await;
        second.ended().await;
        assert_eq!(ended.state, RebuildState::Done, "{case}: {ended:?}");
        assert_eq!(ended.found.unwrap().differences(), 4, "{case}");
        assert!(world.contents().await.0 == whole, "{case}: in the end");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_called_failed_exchanges_nothing_any_more() {
    let world = quiet(39).await;
    let store = &world.test.store;
    world.damages().await;
    let damaged = world.contents().await.0;
    let view = Staged::of(PostgresView::activity(store.clone())).stopped_at(Stage::Swapping);
    let sleeping = view.asleep();
    let gate = sleeping.gate();
    let first = world.beside("first", activity::NAME, sleeping);
    world.asks(activity::NAME, false).await;
    gate.is_reached().await;
    // What a process does first when it comes back, while a session of the one before may still be there.
    store.forget_rebuild(activity::NAME, "first").await.unwrap();
    gate.opens();
    gate.is_cleared().await;
    first.ended().await;
    assert!(world.contents().await.0 == damaged);
    let ended = store.rebuild(activity::NAME).await.unwrap().unwrap();
    assert_eq!(ended.state, RebuildState::Failed, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_works_for_long_is_told_of_meanwhile_and_is_not_asked_again() {
    let world = quiet(41).await;
    let store = &world.test.store;
    for stage in [Stage::Begun, Stage::Comparing, Stage::Swapping] {
        let view = Staged::of(PostgresView::activity(store.clone())).stopped_at(stage);
        let gate = view.gate();
        let working = world.beside("here", activity::NAME, view);
        world.asks(activity::NAME, false).await;
        gate.is_reached().await;
        let before = store.rebuild(activity::NAME).await.unwrap().unwrap();
        world.test.clock.advance(LONG);
        let told = world.until(activity::NAME, |told| !has_ended(told)).await;
        world.asks(activity::NAME, true).await;
        let asked = store.rebuild(activity::NAME).await.unwrap().unwrap();
        assert_eq!(asked.asked_at, before.asked_at, "{stage:?}");
        assert!(!told.compare_only && !asked.compare_only, "{stage:?}");
        gate.opens();
        let ended = world.until(activity::NAME, has_ended).await;
        working.ended().await;
        assert_eq!(ended.state, RebuildState::Done, "{stage:?}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_written_faster_than_its_shadow_is_never_held() {
    let world = quiet(43).await;
    let owned = async || -> (i64, Option<String>) {
        sqlx::query_as("select generation, owner from stream.pipeline where name = 'activity'")
            .fetch_one(world.pool())
            .await
            .unwrap()
    };
    let before = owned().await;
    let view = Staged::of(PostgresView::activity(world.test.store.clone())).outrun();
    let outrun = world.beside("here", activity::NAME, view);
    world.asks(activity::NAME, false).await;
    let ended = world.until(activity::NAME, has_ended).await;
    outrun.ended().await;
    assert_eq!(ended.state, RebuildState::Failed);
    let error = ended.error.unwrap();
    assert!(error.contains("ask again when less is written"), "{error}");
    assert_eq!(owned().await, before);
    assert!(shadow(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_to_do_after_the_exchange_is_done_as_often_as_it_takes() {
    let mut world = World::new(47).await;
    world.acts(30).await;
    let (seq, data) = poisons(&world).await;
    let index = world.stops().await;
    heals(&world, seq, &data).await;
    let row = "search@here";
    assert_eq!(letter(&world, row).await.state, LetterState::Waiting);
    let view = SearchView::new(world.test.store.clone(), index.clone());
    let unsettled = world.beside("here", row, Staged::of(view).unsettled(2));
    world.asks(row, false).await;
    let ended = world.until(row, has_ended).await;
    unsettled.ended().await;
    assert_eq!(ended.state, RebuildState::Done, "{ended:?}");
    assert_eq!(letter(&world, row).await.state, LetterState::Taken);
    let found = ended.found.unwrap();
    assert_eq!((found.differences(), found.refused), (0, 0));
    let sources = index.sources().unwrap();
    assert_eq!(sources.len() as u64, found.rebuilt, "it is searched");
    index.close().unwrap();
}
