//! What holds of every mirror with its pipeline around it: order, going on, losses, and who else has written there.

use super::{Medium, World, read_to, seen};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Event, Topic};

pub(crate) async fn what_is_written_comes_through_in_its_order<M: Medium>() {
    for medium in M::shapes().await {
        let world = World::on(&medium).await;
        let log = world.mirrored();
        let seen = world
            .while_mirrored(async |signals| {
                world.write(200).await;
                world.reached(signals).await;
                let (seen, ()) = tokio::join!(read_to(&log, 600), world.write(400));
                seen
            })
            .await;
        assert_eq!(seen, world.written().await);
        let (from_mirror, _) = log.brought();
        assert!(from_mirror >= 200, "{from_mirror} records came through it");
    }
}

pub(crate) async fn it_goes_on_where_it_stopped<M: Medium>() {
    let medium = M::fresh().await;
    let world = World::on(&medium).await;
    for _ in 0..3 {
        world.write(50).await;
        world
            .while_mirrored(async |signals| world.reached(signals).await)
            .await;
    }
    let log = world.mirrored();
    assert_eq!(read_to(&log, 150).await, world.written().await);
    assert_eq!(log.brought(), (150, 0));
}

/// At the start, and while nothing happens.
pub(crate) async fn what_somebody_removed_is_filled_again<M: Medium>() {
    let medium = M::fresh().await;
    let world = World::on(&medium).await;
    world.write(100).await;
    world
        .while_mirrored(async |signals| world.reached(signals).await)
        .await;
    if !medium.remove(&[Topic::TaskEvents]).await {
        eprintln!("left out: only a real one removes topics");
        return;
    }
    world
        .while_mirrored(async |_| {
            world.whole().await;
            assert!(medium.remove(&Topic::ALL).await);
            world.whole().await;
        })
        .await;
    let log = world.mirrored();
    assert_eq!(read_to(&log, 100).await, world.written().await);
    assert_eq!(log.brought(), (100, 0));
}

pub(crate) async fn that_of_another_history_is_left_alone_and_told<M: Medium>() {
    let medium = M::fresh().await;
    let (one, other) = (World::on(&medium).await, World::on(&medium).await);
    one.write(40).await;
    one.while_mirrored(async |signals| one.reached(signals).await)
        .await;
    let before = seen(&medium).await;
    // Its events have the same places in its log, and other ids.
    let sample = |n| new_event(n, Event::samples().swap_remove(0));
    let events: Vec<_> = (1_000..1_060).map(sample).collect();
    other.append(&events).await;
    let error = other.while_mirrored(async |_| other.halted().await).await;
    assert!(error.contains("another history"), "{error}");
    assert!(error.contains("choose another prefix"), "{error}");
    assert_eq!(seen(&medium).await, before);
}

macro_rules! mirror_suite {
    ($($name:ident: $medium:ty;)*) => {$(
        mod $name {
            #[tokio::test]
            async fn what_is_written_comes_through_in_its_order() {
                $crate::mirrored::cases::what_is_written_comes_through_in_its_order::<$medium>().await;
            }

            #[tokio::test]
            async fn it_goes_on_where_it_stopped() {
                $crate::mirrored::cases::it_goes_on_where_it_stopped::<$medium>().await;
            }

            #[tokio::test]
            async fn what_somebody_removed_is_filled_again() {
                $crate::mirrored::cases::what_somebody_removed_is_filled_again::<$medium>().await;
            }

            #[tokio::test]
            async fn that_of_another_history_is_left_alone_and_told() {
                $crate::mirrored::cases::that_of_another_history_is_left_alone_and_told::<$medium>().await;
            }
        }
    )*};
}

#[cfg(feature = "kafka")]
mirror_suite! {
    kafka: crate::kafka::InKafka;
}

#[cfg(feature = "redis")]
mirror_suite! {
    redis: crate::redis::InRedis;
}
