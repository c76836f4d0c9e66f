//! The tree in the database: what is appended, and what is proved from it.

use super::world::{World, commit, sink};
use millstream_event_log::Event;
use millstream_event_log::testing::record;
use millstream_pipelines::sink::{Fault, Sink};
use millstream_sinks::audit::checkpoint::Checkpoint;
use millstream_store::merkle::{Hash, node_hash};
use millstream_store::views::audit::tree;

/// The root that a proof leads to, from the leaf up; after RFC 9162, 2.1.3.2.
fn root(leaf: Hash, index: u64, size: u64, proof: &[Hash]) -> Hash {
    let (mut f, mut s, mut r) = (index, size - 1, leaf);
    for p in proof {
        if f & 1 == 1 || f == s {
            r = node_hash(p, &r);
            while f & 1 == 0 && f != 0 {
                f >>= 1;
                s >>= 1;
            }
        } else {
            r = node_hash(&r, p);
        }
        f >>= 1;
        s >>= 1;
    }
    r
}

#[tokio::test]
async fn every_entry_is_proved_against_the_signed_checkpoint() {
    let world = World::signed().await;
    let rows = world.rows().await;
    for size in [12, 20] {
        let note = world.checkpoints.get(size).await.unwrap().unwrap();
        let checkpoint = Checkpoint::open(&note, world.key.verifier()).unwrap();
        for index in 0..size {
            let proof = tree::inclusion(&world.pool, index, size)
                .await
                .unwrap()
                .unwrap();
            let leaf = rows[usize::try_from(index).unwrap()].leaf_hash.as_slice();
            let leaf = Hash::try_from(leaf).unwrap();
            assert_eq!(
                root(leaf, index, size, &proof),
                checkpoint.root,
                "{index} of {size}"
            );
        }
    }
}

#[tokio::test]
async fn there_is_no_proof_of_what_is_not_there() {
    let world = World::signed().await;
    for (index, size) in [
        (12, 12),
        (0, 0),
        (0, 28),
        (u64::MAX, u64::MAX),
        (3, u64::MAX),
    ] {
        assert_eq!(
            tree::inclusion(&world.pool, index, size).await.unwrap(),
            None
        );
    }
    assert_eq!(tree::consistency(&world.pool, 20, 12).await.unwrap(), None);
    assert_eq!(tree::consistency(&world.pool, 12, 28).await.unwrap(), None);
    assert!(
        tree::consistency(&world.pool, 12, 27)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_commit_that_is_repeated_adds_nothing() {
    let world = World::signed().await;
    let before = world.rows().await;
    world.superuser("update stream.pipeline set cut = 3").await;
    world.pipeline().await;
    assert_eq!(world.rows().await, before);
}

#[tokio::test]
async fn commits_of_any_size_give_one_tree() {
    let (mut one, mut many) = (World::new().await, World::new().await);
    one.happen(60).await;
    for count in [1, 2, 3, 1, 13, 40] {
        many.happen(count).await;
    }
    assert_eq!(one.rows().await, many.rows().await);
}

#[tokio::test]
async fn a_damaged_tree_is_not_appended_to_and_needs_a_person() {
    let mut world = World::signed().await;
    world
        .edit("update app.audit set nodes = '' where index = 15")
        .await;
    world.log(1).await;
    let record = record(28, Event::samples()[0].clone());
    let (mut sink, _) = sink(&world.pool).await;
    let fault = sink.commit(&commit(&[record])).await.unwrap_err();
    assert!(
        matches!(&fault, Fault::Reject(_)),
        "an audit halts on these: {fault}"
    );
    assert!(fault.to_string().contains("audit verify"), "{fault}");
}
