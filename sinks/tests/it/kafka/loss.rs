//! Losing the mirror: topics that somebody removed, and a broker that is killed, wiped and started again while events are
//! written. Nothing is missing or doubled for who reads, and the mirror is whole again in the end.

use super::held;
use super::whole::{World, read_on, read_to};
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::testing::kafka::{OwnBroker, TestKafka};
use millstream_event_log::{Cut, Record, Topic};
use rdkafka::admin::{AdminClient, AdminOptions};
use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::time::Duration;

/// Waits until the mirror holds these records, and no other.
async fn whole(kafka: &Kafka, written: &[Record]) {
    let written: BTreeMap<_, _> = written.iter().map(|it| (it.seq, it.clone())).collect();
    loop {
        let kafka = kafka.clone();
        let held = tokio::task::spawn_blocking(move || held(&kafka));
        if held.await.unwrap().is_ok_and(|held| held == written) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn remove(kafka: &Kafka, topics: &[Topic]) {
    let admin: AdminClient<Told> = client::any(kafka).create_with_context(Told).unwrap();
    let names: Vec<_> = topics.iter().map(|topic| kafka.topic(*topic)).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let removed = admin.delete_topics(&names, &AdminOptions::new()).await;
    for removed in removed.unwrap() {
        removed.unwrap();
    }
}

#[tokio::test]
async fn topics_that_were_removed_meanwhile_are_made_and_filled_again_at_the_start() {
    let topics = TestKafka::new(2);
    if !topics.is_real() {
        eprintln!("left out: only a real broker removes topics");
        return;
    }
    let world = World::on(topics.kafka.clone()).await;
    world.write(100).await;
    world
        .while_mirrored(async |signals| world.reached(signals).await)
        .await;
    remove(&world.kafka, &[Topic::TaskEvents]).await;
    let written = world.written().await;
    world
        .while_mirrored(async |_| whole(&world.kafka, &written).await)
        .await;
    let log = world.mirrored();
    assert_eq!(read_to(&log, 100).await, written);
    assert_eq!(log.brought(), (100, 0));
}

#[tokio::test]
async fn topics_that_are_removed_while_nothing_happens_are_made_and_filled_again() {
    let topics = TestKafka::new(2);
    if !topics.is_real() {
        eprintln!("left out: only a real broker removes topics");
        return;
    }
    let world = World::on(topics.kafka.clone()).await;
    world.write(100).await;
    world
        .while_mirrored(async |signals| {
            world.reached(signals).await;
            remove(&world.kafka, &Topic::ALL).await;
            whole(&world.kafka, &world.written().await).await;
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_and_wiped_while_events_are_written_costs_nobody_anything() {
    let Some(mut broker) = OwnBroker::start() else {
        return;
    };
    // Starting takes seconds, in which everybody else goes on.
    let afresh = async |mut broker: OwnBroker| {
        let again = move || {
            broker.wipe();
            broker.restart();
            broker
        };
        tokio::task::spawn_blocking(again).await.unwrap()
    };
    let kafka = Kafka {
        brokers: broker.brokers(),
        prefix: "millstream.".into(),
        partitions: NonZeroU16::new(4).unwrap(),
    };
    let world = World::on(kafka.clone()).await;
    let log = world.mirrored();
    let (seen, _broker) = world
        .while_mirrored(async |signals| {
            world.write(300).await;
            world.reached(signals).await;
            let mut seen = read_to(&log, 300).await;
            let writing = async {
                world.write(300).await;
                broker.kill();
                // Nobody who writes notices.
                world.write(300).await;
                let broker = afresh(broker).await;
                world.write(300).await;
                broker
            };
            let reading = read_on(&log, Cut::at(300), 1_200);
            let (rest, broker) = tokio::join!(reading, writing);
            seen.extend(rest);
            whole(&kafka, &world.written().await).await;
            (seen, broker)
        })
        .await;
    let written = world.written().await;
    assert_eq!(seen, written);
    let (from_mirror, from_log) = log.brought();
    assert!(from_mirror >= 300, "what was there came through Kafka");
    assert!(
        from_log >= 300,
        "and what was written while it was away did not"
    );
    let anew = world.mirrored();
    assert_eq!(read_to(&anew, 1_200).await, written);
    assert_eq!(anew.brought(), (1_200, 0));
}
