//! Kafka: the mirror and its reader against a bare producer and a bare consumer with the same settings.

use crate::ours;
use crate::results::Results;
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::message::Form;
use millstream_event_log::backends::kafka::{Kafka, KafkaLog, topics};
use millstream_event_log::testing::kafka::TestKafka;
use millstream_event_log::{Log, Record, Topic};
use millstream_sinks::mirror::kafka::{KafkaTarget, producer};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::FutureProducer;
use rdkafka::topic_partition_list::Offset;
use sqlx::PgPool;
use std::collections::VecDeque;
use std::time::Instant;

/// One round, each side with topics of its own.
pub(crate) async fn round(
    pool: &PgPool,
    partitions: u16,
    records: &[Record],
    results: &mut Results,
) {
    let events = records.len() as u64;
    let (ours, theirs) = (TestKafka::new(partitions), TestKafka::new(partitions));
    assert!(ours.is_real(), "there is a broker to measure");
    for test in [&ours, &theirs] {
        topics::make_missing(&test.kafka).await.unwrap();
    }
    let written = Box::pin(ours::mirror(
        pool,
        events,
        KafkaTarget::new(ours.kafka.clone()),
    ))
    .await;
    let produced = produce(&theirs.kafka, records).await;
    let truth = ours::truth(pool, events).await;
    let name = |what: &str| format!("kafka/{partitions} {what}");
    results.put(&name("written"), written, produced, Some(truth));

    let log = KafkaLog::on(ours.kafka.clone(), Log::Postgres(ours::log(pool)));
    let read = ours::read(&Log::Kafka(log.clone()), events).await;
    results.filled(&name("read"), log.brought().1);
    let consumed = consume(&ours.kafka, events).await;
    results.put(&name("read"), read, consumed, None);
}

/// Sends all records, until the last one is acknowledged.
async fn produce(kafka: &Kafka, records: &[Record]) -> f64 {
    let producer: FutureProducer<Told> = producer(kafka).create_with_context(Told).unwrap();
    let form = Form::of(kafka.clone());
    let (begun, mut under_way) = (Instant::now(), VecDeque::new());
    for record in records {
        let written = form.write(record);
        loop {
            match producer.send_result(written.message()) {
                Ok(delivery) => break under_way.push_back(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    let first = under_way.pop_front().unwrap();
                    first.await.unwrap().unwrap();
                }
                Err((error, _)) => panic!("{error}"),
            }
        }
    }
    for delivery in under_way {
        delivery.await.unwrap().unwrap();
    }
    begun.elapsed().as_secs_f64()
}

/// Takes all messages of all topics.
async fn consume(kafka: &Kafka, events: u64) -> f64 {
    let begun = Instant::now();
    let consumer: StreamConsumer<Told> = client::reader(kafka).create_with_context(Told).unwrap();
    let mut places = TopicPartitionList::new();
    for topic in Topic::ALL {
        for partition in 0..i32::from(kafka.partitions.get()) {
            let place =
                places.add_partition_offset(&kafka.topic(topic), partition, Offset::Beginning);
            place.unwrap();
        }
    }
    consumer.assign(&places).unwrap();
    for _ in 0..events {
        let message = consumer.recv().await.unwrap();
        std::hint::black_box((message.key(), message.payload()));
    }
    begun.elapsed().as_secs_f64()
}
