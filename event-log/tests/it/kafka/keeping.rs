//! A Kafka that lets go of what is old.

use super::{PLENTY, mirrored};
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::{Kafka, KafkaLog, topics};
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::testing::kafka::TestKafka;
use millstream_event_log::testing::new_event;
use millstream_event_log::{Cut, Event, Log, Topic};
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::{Offset, TopicPartitionList};
use std::time::Duration;

fn admin(kafka: &Kafka) -> AdminClient<Told> {
    client::any(kafka).create_with_context(Told).unwrap()
}

/// How many milliseconds a topic keeps its messages.
async fn retention_ms(kafka: &Kafka, topic: Topic) -> String {
    let name = kafka.topic(topic);
    let asked = [ResourceSpecifier::Topic(&name)];
    let options = AdminOptions::new();
    let found = admin(kafka).describe_configs(&asked, &options).await;
    let found = found.unwrap().swap_remove(0).unwrap();
    let entry = found.get("retention.ms").unwrap();
    entry.value.clone().unwrap()
}

#[tokio::test]
async fn topics_are_made_to_keep_what_the_settings_say() {
    let topics = TestKafka::new(1);
    if !topics.is_real() {
        eprintln!("left out: only a real broker knows how long it keeps messages");
        return;
    }
    let for_ever = topics.kafka.clone();
    let a_week = Kafka {
        prefix: format!("{}week.", for_ever.prefix),
        retention: Some(Duration::from_hours(7 * 24)),
        ..for_ever.clone()
    };
    for (kafka, expected) in [(for_ever, "-1"), (a_week, "604800000")] {
        topics::make_missing(&kafka).await.unwrap();
        let found = retention_ms(&kafka, Topic::TaskEvents).await;
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn what_kafka_has_let_go_of_is_read_from_the_log() {
    let topics = TestKafka::new(1);
    if !topics.is_real() {
        eprintln!("left out: only a real broker lets go of messages");
        return;
    }
    topics::make_missing(&topics.kafka).await.unwrap();
    let truth = MemoryLog::default();
    let event = Event::samples().swap_remove(0);
    let topic = topics.kafka.topic(event.topic());
    truth.append((1..=300).map(|n| new_event(n, event.clone())));
    let written = truth.read(Cut::START, PLENTY).unwrap().records;
    mirrored(&topics.kafka, &written).await;
    let mut until = TopicPartitionList::new();
    until
        .add_partition_offset(&topic, 0, Offset::Offset(200))
        .unwrap();
    let deleted = admin(&topics.kafka).delete_records(&until, &AdminOptions::new());
    deleted.await.unwrap();

    let log = KafkaLog::on(topics.kafka.clone(), Log::Memory(truth));
    let (mut seen, mut cut) = (Vec::new(), Cut::START);
    while cut.seq < 300 {
        let batch = log.read(cut, PLENTY).await.unwrap();
        cut = batch.cut;
        seen.extend(batch.records);
    }
    assert_eq!(seen, written);
    assert_eq!(log.brought(), (100, 200));
}
