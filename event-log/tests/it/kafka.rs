//! Reading the log from Kafka: what the suite of all logs does not ask.

mod entering;
mod keeping;

use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::message::Form;
use millstream_event_log::backends::kafka::{Kafka, KafkaLog};
use millstream_event_log::backends::memory::MemoryLog;
use millstream_event_log::testing::kafka::{TestKafka, topics};
use millstream_event_log::testing::new_event;
use millstream_event_log::{Budget, Cut, Event, Log, Record, Seq};
use rdkafka::producer::{FutureProducer, FutureRecord};
use std::time::Duration;

const PLENTY: Budget = Budget {
    records: 10_000,
    bytes: 1 << 30,
};

/// Puts records into the mirror.
pub(crate) async fn mirrored(kafka: &Kafka, records: &[Record]) {
    let (producer, form) = (producer(kafka), Form::of(kafka.clone()));
    let mut sent = Vec::new();
    for record in records {
        let written = form.write(record);
        sent.push(producer.send_result(written.message()).unwrap());
    }
    for delivery in sent {
        delivery.await.unwrap().unwrap();
    }
}

fn producer(kafka: &Kafka) -> FutureProducer<Told> {
    let mut config = client::any(kafka);
    config.set("linger.ms", "1");
    config.create_with_context(Told).unwrap()
}

/// A log in memory, and its mirror.
struct World {
    truth: MemoryLog,
    topics: TestKafka,
    log: KafkaLog,
}

impl World {
    async fn new(partitions: u16) -> Self {
        let (truth, topics) = (MemoryLog::default(), topics(partitions).await);
        let log = KafkaLog::on(topics.kafka.clone(), Log::Memory(truth.clone()));
        Self { truth, topics, log }
    }

    /// Some more records, in the log alone.
    fn append(&self, count: u64) -> Vec<Record> {
        let from = self.truth.bounds().tail;
        let samples = Event::samples();
        let event = |n: u64| samples[usize::try_from(n).unwrap() % samples.len()].clone();
        let events = (from + 1..=from + count).map(|n| new_event(n, event(n)));
        self.truth.append(events);
        self.truth.read(Cut::at(from), PLENTY).unwrap().records
    }

    async fn mirrored(&self, count: u64) {
        let records = self.append(count);
        mirrored(&self.topics.kafka, &records).await;
    }

    /// Reads to the end with a reader of its own; what it saw, and where it got it from.
    async fn read_all(&self, from: Seq) -> (Vec<Record>, (u64, u64)) {
        let before = self.log.brought();
        let log = self.log.clone();
        let mut all = Vec::new();
        let mut cut = Cut::at(from);
        loop {
            let batch = log.read(cut, PLENTY).await.unwrap();
            if batch.records.is_empty() {
                break;
            }
            cut = batch.cut;
            all.extend(batch.records);
        }
        let after = self.log.brought();
        (all, (after.0 - before.0, after.1 - before.1))
    }

    fn behind(&self, from: Seq) -> Vec<Record> {
        self.truth.read(Cut::at(from), PLENTY).unwrap().records
    }
}

#[tokio::test]
async fn what_is_in_kafka_is_read_from_there_from_any_cut_on() {
    for partitions in [1, 4] {
        let world = World::new(partitions).await;
        world.mirrored(300).await;
        for cut in [0, 1, 150, 298, 299] {
            let (seen, brought) = world.read_all(cut).await;
            assert_eq!(
                seen,
                world.behind(cut),
                "{partitions} partitions, cut {cut}"
            );
            assert_eq!(
                brought,
                (300 - cut, 0),
                "{partitions} partitions, cut {cut}"
            );
        }
    }
}

#[tokio::test]
async fn repeats_and_gaps_in_kafka_are_nobodys_business() {
    let world = World::new(3).await;
    let records = world.append(200);
    mirrored(&world.topics.kafka, &records[..120]).await;
    // The mirror went back, and later left something out.
    mirrored(&world.topics.kafka, &records[50..150]).await;
    mirrored(&world.topics.kafka, &records[155..]).await;
    for cut in [0, 60, 130, 152, 190] {
        let (seen, (_, filled)) = world.read_all(cut).await;
        assert_eq!(seen, world.behind(cut), "cut {cut}");
        assert_eq!(filled, 155_u64.saturating_sub(cut.max(150)), "cut {cut}");
    }
}

#[tokio::test]
async fn what_somebody_else_writes_to_the_topics_is_left_out() {
    let world = World::new(2).await;
    world.mirrored(10).await;
    let producer = producer(&world.topics.kafka);
    for topic in millstream_event_log::Topic::ALL {
        let name = world.topics.kafka.topic(topic);
        let message = FutureRecord::to(&name).key("a").payload("hello");
        producer.send(message, Duration::ZERO).await.unwrap();
    }
    world.mirrored(10).await;
    let (seen, _) = world.read_all(0).await;
    assert_eq!(seen, world.behind(0));
}

#[tokio::test]
async fn whoever_waits_is_woken_by_kafka() {
    let world = World::new(4).await;
    world.mirrored(20).await;
    let log = world.log.clone();
    assert_eq!(
        log.read(Cut::START, PLENTY).await.unwrap().records.len(),
        20
    );
    let woken = async {
        loop {
            log.wait(Cut::at(20)).await;
            let batch = log.read(Cut::at(20), PLENTY).await.unwrap();
            if !batch.records.is_empty() {
                break batch.records.len();
            }
        }
    };
    let (seen, ()) = tokio::join!(woken, world.mirrored(1));
    assert_eq!(seen, 1);
    assert_eq!(log.brought(), (21, 0));
}

#[tokio::test]
async fn without_a_broker_the_log_is_read_itself() {
    let (truth, mut kafka) = (MemoryLog::default(), TestKafka::new(1).kafka);
    // Nobody listens there.
    kafka.brokers = "127.0.0.1:9".into();
    let log = KafkaLog::on(kafka, Log::Memory(truth.clone()));
    truth.append((1..=5).map(|n| new_event(n, Event::samples().swap_remove(0))));
    let batch = log.read(Cut::START, PLENTY).await.unwrap();
    assert_eq!(batch, truth.read(Cut::START, PLENTY).unwrap());
    assert_eq!(log.brought(), (0, 5));
}
