//! Views made anew while people write and read: what comes out, what is told, what an interruption or a long
//! silence leaves, and what becomes of refused records.

mod letters;
mod silence;
mod staged;
mod world;

use millstream_event_log::events::notification::Selection;
use millstream_store::pipeline::rebuild::RebuildState;
use std::time::Duration;
use world::World;

/// The views, by the names of their pipelines.
const VIEWS: [&str; 3] = ["activity", "notifications", "search@here"];

#[tokio::test(flavor = "multi_thread")]
async fn views_that_are_made_anew_while_people_write_equal_those_that_are_read() {
    for seed in 0..3 {
        let mut world = World::new(seed).await;
        world.acts(60).await;
        let writing = world.keeps_writing();
        for view in VIEWS {
            let ended = world.rebuilt(view, false).await;
            assert_eq!(ended.state, RebuildState::Done, "{ended:?}");
            let found = ended.found.unwrap();
            assert_eq!(found.differences(), 0, "{view}: {:?}", found.examples);
            assert!(found.rebuilt > 10, "{view}: {found:?}");
        }
        writing.ended().await;
        world.caught_up().await;
        for view in VIEWS {
            let found = world.rebuilt(view, true).await.found.unwrap();
            assert_eq!(found.differences(), 0, "{view}: {:?}", found.examples);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_wrong_is_told_and_mended_and_no_read_sees_half_of_it() {
    let mut world = World::new(7).await;
    world.acts(80).await;
    world.reads(Selection::All).await;
    world.acts(5).await;
    world.caught_up().await;
    let whole = world.contents().await;
    world.damages().await;
    let damaged = world.contents().await;
    assert_ne!(whole.0, damaged.0);
    assert_ne!(whole.1, damaged.1);
    let looking = world.keeps_looking();
    for view in ["activity", "notifications"] {
        let told = world.rebuilt(view, true).await.found.unwrap();
        let (only_live, only_rebuilt, changed) = (told.only_live, told.only_rebuilt, told.changed);
        assert_eq!(
            (only_live, only_rebuilt, changed),
            (1, 2, 1),
            "{view}: {told:?}"
        );
        assert_eq!(told.examples.len(), 4);
        assert!(told.examples.iter().any(|example| example.live.is_none()));
        let now = world.contents().await;
        assert!(now == damaged, "comparing changes nothing");
    }
    for view in ["activity", "notifications"] {
        let told = world.rebuilt(view, false).await.found.unwrap();
        assert_eq!(told.differences(), 4, "{view}");
    }
    assert!(world.contents().await == whole, "what was read stays read");
    for seen in looking.ended().await {
        assert!(
            [&whole.0, &damaged.0].contains(&&seen.0) && [&whole.1, &damaged.1].contains(&&seen.1),
            "half a view was seen"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_made_anew_is_searched_at_once_and_after_a_restart() {
    let mut world = World::new(11).await;
    world.acts(60).await;
    world.caught_up().await;
    let whole = world.index().sources().unwrap();
    world.damages_index().await;
    let damaged = world.index().sources().unwrap();
    assert_ne!(damaged, whole);
    let index = world.index().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let looking = tokio::task::spawn_blocking(move || {
        let (mut seen, mut stopped) = (Vec::new(), stopped);
        while stopped.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            let sources = index.sources().unwrap();
            if seen.last() != Some(&sources) {
                seen.push(sources);
            }
        }
        seen
    });
    let found = world.rebuilt("search@here", false).await.found.unwrap();
    assert_eq!((found.only_live, found.only_rebuilt), (1, 1), "{found:?}");
    assert_eq!(world.index().sources().unwrap(), whole);
    drop(stop);
    for seen in looking.await.unwrap() {
        assert!(seen == damaged || seen == whole, "half an index was seen");
    }
    world.acts(5).await;
    world.caught_up().await;
    let newest = world.index().sources().unwrap();
    world.restarts().await;
    assert_eq!(world.index().sources().unwrap(), newest);
    assert_eq!(world.folders(), 1, "the other folder is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_that_is_cut_off_anywhere_leaves_the_view_whole_and_can_be_begun_anew() {
    let mut world = World::new(13).await;
    world.acts(80).await;
    world.caught_up().await;
    world.damages().await;
    let before = (world.contents().await, world.index().sources().unwrap());
    for view in VIEWS {
        for ms in [0, 5, 20, 60, 120] {
            world.asks(view, true).await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            world.dies().await;
            let now = (world.contents().await, world.index().sources().unwrap());
            assert!(now == before, "{view} after {ms} ms");
        }
    }
    for view in VIEWS {
        let ended = world.rebuilt(view, false).await;
        assert_eq!(ended.state, RebuildState::Done, "{ended:?}");
    }
    world.acts(5).await;
    world.caught_up().await;
    for view in VIEWS {
        let found = world.rebuilt(view, true).await.found.unwrap();
        assert_eq!(found.differences(), 0, "{view}: {:?}", found.examples);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_is_enough() {
    let mut world = World::with_one_connection(17).await;
    world.acts(40).await;
    let writing = world.keeps_writing();
    for view in VIEWS {
        let ended = world.rebuilt(view, false).await;
        assert_eq!(ended.state, RebuildState::Done, "{ended:?}");
        assert_eq!(ended.found.unwrap().differences(), 0);
    }
    writing.ended().await;
}

#[tokio::test]
async fn the_two_tables_of_a_view_have_the_same_columns_in_the_same_order() {
    let database = millstream_store::testing::TestDatabase::new().await;
    for view in ["activity", "notification"] {
        let columns = async |table: String| -> Vec<(String, String)> {
            sqlx::query_as(
                "select column_name::text, data_type::text from information_schema.columns
                 where table_schema = 'app' and table_name = $1 order by ordinal_position",
            )
            .bind(table)
            .fetch_all(database.pool())
            .await
            .unwrap()
        };
        let live = columns(view.to_owned()).await;
        assert!(live.len() > 5);
        assert_eq!(
            live,
            columns(format!("{view}_shadow")).await,
            "a migration that changes app.{view} changes app.{view}_shadow, too"
        );
    }
}
