//! Signing: what is promised, and when it is refused.

use super::world::{OWNER, World};
use millstream_pipelines::sink::Health;
use millstream_sinks::audit::checkpoint::Checkpoint;
use millstream_sinks::audit::checkpointer::CheckpointerError;
use millstream_sinks::audit::checkpoints::{Checkpoints, CheckpointsError};
use object_store::local::LocalFileSystem;
use sqlx::postgres::PgPoolOptions;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_checkpoint_is_signed_when_there_is_something_new_and_only_then() {
    let mut world = World::new().await;
    let mut checkpointer = world.checkpointer();
    assert_eq!(
        checkpointer.sign().await.unwrap(),
        None,
        "an empty audit has nothing to promise"
    );
    assert_eq!(world.checkpoints.latest().await.unwrap(), None);
    world.happen(3).await;
    let signed = checkpointer.sign().await.unwrap().unwrap();
    assert_eq!(signed.size, 3);
    assert_eq!(checkpointer.sign().await.unwrap(), None);
    world.happen(2).await;
    assert_eq!(checkpointer.sign().await.unwrap().unwrap().size, 5);

    assert_eq!(world.checkpoints.sizes().await.unwrap(), [3, 5]);
    let latest = world.checkpoints.latest().await.unwrap().unwrap();
    assert_eq!(
        Checkpoint::open(&latest, world.key.verifier())
            .unwrap()
            .size,
        5
    );
}

#[tokio::test]
async fn another_start_goes_on_where_the_last_one_stopped() {
    let mut world = World::signed().await;
    let mut again = world.checkpointer();
    assert_eq!(again.sign().await.unwrap().unwrap().size, 27);
    world.happen(1).await;
    assert_eq!(world.checkpointer().sign().await.unwrap().unwrap().size, 28);
    assert_eq!(world.checkpoints.sizes().await.unwrap(), [12, 20, 27, 28]);
    assert!(world.verify().await.holds());
}

#[tokio::test]
async fn of_two_processes_that_one_signs_which_runs_the_audit() {
    let mut world = World::new().await;
    let (one, other) = (world.checkpointer(), world.checkpointer());
    let (mut one, mut other) = (one.of(OWNER), other.of("another"));
    world.happen(3).await;
    assert_eq!(other.look().await.unwrap(), None, "it is not theirs");
    assert_eq!(one.look().await.unwrap().unwrap().size, 3);
    world.happen(2).await;
    let taken = "update stream.pipeline set owner = 'another' where name = 'audit'";
    sqlx::query(taken).execute(&world.pool).await.unwrap();
    assert_eq!(one.look().await.unwrap(), None, "it was taken over");
    assert_eq!(other.look().await.unwrap().unwrap().size, 5);
    assert!(world.verify().await.holds());
}

#[tokio::test]
async fn two_that_sign_at_once_keep_one_series() {
    let mut world = World::new().await;
    let (mut one, mut other) = (world.checkpointer(), world.checkpointer());
    for count in 1..=4 {
        world.happen(count).await;
        let (one, other) = tokio::join!(one.sign(), other.sign());
        for signed in [one.unwrap(), other.unwrap()].into_iter().flatten() {
            let note = world.checkpoints.get(signed.size).await.unwrap().unwrap();
            assert_eq!(note, signed.sign(&world.key));
        }
    }
    assert_eq!(world.checkpoints.sizes().await.unwrap(), [1, 3, 6, 10]);
    assert!(world.verify().await.holds());
}

#[tokio::test]
async fn nothing_is_signed_over_a_rewritten_past() {
    let world = World::signed().await;
    let mut rows = world.rows().await;
    rows[5].reason = Some("forged".into());
    world.replace_and_recompute(&rows).await;
    let mut checkpointer = world.checkpointer();
    let health = checkpointer.health();
    let refused = checkpointer.sign().await.unwrap_err();
    assert!(
        matches!(refused, CheckpointerError::Rewritten { promised: 20 }),
        "{refused}"
    );
    assert!(matches!(&*health.borrow(), Health::Halted(why) if why.contains("20 entries")));
    assert_eq!(
        world.checkpoints.sizes().await.unwrap(),
        [12, 20],
        "and none was replaced"
    );
}

#[tokio::test]
async fn nothing_is_signed_over_a_shorter_audit_and_work_goes_on_when_it_is_whole_again() {
    let world = World::signed().await;
    let whole = world.rows().await;
    world.replace(&whole[..18]).await;
    let mut checkpointer = world.checkpointer();
    let refused = checkpointer.sign().await.unwrap_err();
    assert!(
        matches!(refused, CheckpointerError::Rewritten { promised: 20 }),
        "{refused}"
    );
    world.replace(&whole).await;
    assert_eq!(checkpointer.sign().await.unwrap().unwrap().size, 27);
    assert_eq!(*checkpointer.health().borrow(), Health::Running);
}

#[tokio::test]
async fn nothing_is_signed_over_new_entries_that_are_not_as_they_were_written() {
    for sql in [
        "update app.audit set ip = '192.0.2.7' where index = 23",
        "delete from app.audit where index = 23",
        "update app.audit set nodes = sha256('x') where index = 23",
    ] {
        let world = World::signed().await;
        world.edit(sql).await;
        let refused = world.checkpointer().sign().await.unwrap_err();
        assert!(
            matches!(refused, CheckpointerError::Changed(_)),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn an_edit_of_the_signed_past_that_leaves_the_hashes_is_still_found_later() {
    let world = World::signed().await;
    world
        .edit("update app.audit set ip = '192.0.2.7' where index = 3")
        .await;
    world.sign().await;
    assert_eq!(world.verify().await.first_bad_entry(), Some(3));
}

#[tokio::test]
async fn a_checkpoint_is_written_once() {
    let world = World::signed().await;
    let note = world.checkpoints.get(12).await.unwrap().unwrap();
    world.checkpoints.put(12, &note).await.unwrap();
    let other = world.checkpoints.put(12, "another\n").await.unwrap_err();
    assert!(matches!(other, CheckpointsError::Taken(12)), "{other}");
    assert_eq!(world.checkpoints.get(12).await.unwrap(), Some(note));
}

#[tokio::test]
async fn a_folder_keeps_checkpoints_and_a_write_that_was_cut_short_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let checkpoints = Checkpoints::new(Arc::new(store));
    assert_eq!(checkpoints.latest().await.unwrap(), None);
    assert!(checkpoints.sizes().await.unwrap().is_empty());
    for size in [900, 1_000] {
        checkpoints
            .put(size, &format!("note {size}"))
            .await
            .unwrap();
    }
    assert!(
        checkpoints.put(900, "another").await.is_err(),
        "written once"
    );
    assert_eq!(
        checkpoints.latest().await.unwrap().as_deref(),
        Some("note 1000")
    );

    let cut_short = folder.path().join("audit/checkpoints/00000000000000001000");
    std::fs::write(&cut_short, "").unwrap();
    assert_eq!(checkpoints.sizes().await.unwrap(), [900]);
    assert_eq!(checkpoints.get(1_000).await.unwrap(), None);
    checkpoints.put(1_000, "again").await.unwrap();
    assert_eq!(std::fs::read_to_string(cut_short).unwrap(), "again");
}

#[tokio::test]
async fn the_newest_is_found_without_its_copy() {
    let world = World::signed().await;
    let old = world.checkpoints.get(12).await.unwrap().unwrap();
    world.checkpoints.put(12, &old).await.unwrap();
    assert_eq!(
        world.checkpoints.latest().await.unwrap(),
        Some(old),
        "the copy fell behind"
    );
    assert_eq!(world.checkpointer().sign().await.unwrap().unwrap().size, 27);
    assert!(world.verify().await.holds());
}

#[tokio::test]
async fn a_clean_stop_leaves_nothing_unsigned() {
    let mut world = World::new().await;
    world.happen(4).await;
    let stop = CancellationToken::new();
    let checkpointer = world.checkpointer();
    tokio::join!(checkpointer.run(stop.clone()), async {
        while world.checkpoints.latest().await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.happen(3).await;
        stop.cancel();
    });
    assert_eq!(world.checkpoints.sizes().await.unwrap(), [4, 7]);
    let young = world.verify().await.compared.entries;
    assert_eq!(young, 0, "no entry is younger than the last checkpoint");
}

#[tokio::test]
async fn one_connection_is_enough_for_everything() {
    let mut world = World::signed().await;
    let options = world.pool.connect_options().as_ref().clone();
    // As the embedded database has it; whoever asks for a second while holding the first fails.
    world.pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(5))
        .connect_lazy_with(options);
    world.happen(40).await;
    world.sign().await;
    world.happen(3).await;
    world
        .edit("update app.audit set ip = '192.0.2.7' where index = 3")
        .await;
    let report = world.verify().await;
    assert_eq!(
        (report.first_bad_entry(), report.compared.entries),
        (Some(3), 3)
    );
}
