//! The mirror in Kafka: as a medium of the suites, and while its broker is killed and wiped.

use crate::mirrored::{Medium, World, read_on, read_to};
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::{Kafka, KafkaLog, KafkaMirror};
use millstream_event_log::testing::kafka::{OwnBroker, TestKafka, held};
use millstream_event_log::{Cut, Log, Record, Topic};
use millstream_sinks::mirror::kafka::KafkaTarget;
use rdkafka::admin::{AdminClient, AdminOptions};
use std::num::NonZeroU16;

/// Topics, and perhaps the broker that stands in for a real one.
pub(crate) struct InKafka {
    kafka: Kafka,
    topics: Option<TestKafka>,
}

impl InKafka {
    fn with(partitions: u16) -> Self {
        let topics = TestKafka::new(partitions);
        Self {
            kafka: topics.kafka.clone(),
            topics: Some(topics),
        }
    }
}

impl Medium for InKafka {
    type Target = KafkaTarget;
    type Mirror = KafkaMirror;

    async fn fresh() -> Self {
        Self::with(2)
    }

    async fn shapes() -> Vec<Self> {
        [1, 4].map(Self::with).into()
    }

    fn target(&self) -> KafkaTarget {
        KafkaTarget::new(self.kafka.clone())
    }

    fn log(&self, truth: Log) -> KafkaLog {
        KafkaLog::on(self.kafka.clone(), truth)
    }

    async fn held(&self) -> Option<Vec<Record>> {
        let kafka = self.kafka.clone();
        let held = tokio::task::spawn_blocking(move || held(&kafka));
        held.await.unwrap().ok()
    }

    async fn remove(&self, topics: &[Topic]) -> bool {
        if !self.topics.as_ref().is_none_or(TestKafka::is_real) {
            return false;
        }
        let client = client::any(&self.kafka).create_with_context(Told);
        let admin: AdminClient<Told> = client.unwrap();
        let names = topics.iter().map(|topic| self.kafka.topic(*topic));
        let names: Vec<_> = names.collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let removed = admin.delete_topics(&names, &AdminOptions::new()).await;
        for removed in removed.unwrap() {
            removed.unwrap();
        }
        true
    }
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
    let partitions = NonZeroU16::new(4).unwrap();
    let medium = InKafka {
        kafka: Kafka::at(&broker.brokers(), "millstream.", partitions),
        topics: None,
    };
    let world = World::on(&medium).await;
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
            world.whole().await;
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
