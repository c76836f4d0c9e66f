//! The mirror in Kafka: as a case of the suite, and with the pipeline around it while brokers die and topics are lost.

mod loss;
mod whole;

use crate::suite::Case;
use millstream_domain::clock::SystemClock;
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::message::Form;
use millstream_event_log::backends::kafka::place::Probe;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::testing::kafka::TestKafka;
use millstream_event_log::{MirrorError, Record};
use millstream_pipelines::sink::Lease;
use millstream_sinks::lease::PostgresLease;
use millstream_sinks::mirror::MirrorSink;
use millstream_sinks::mirror::kafka::{KafkaTarget, NAME};
use millstream_store::testing::TestDatabase;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a broker may take to deliver what it has.
const DELIVERY_MAX: Duration = Duration::from_secs(10);

/// The mirror as a case of the suite.
pub(crate) struct Mirrored {
    database: TestDatabase,
    topics: TestKafka,
}

impl Case for Mirrored {
    type Sink = MirrorSink<KafkaTarget>;

    async fn new() -> Self {
        Self {
            database: TestDatabase::new().await,
            topics: TestKafka::new(2),
        }
    }

    fn sink(&self) -> Self::Sink {
        let pool = self.database.pool().clone();
        let log = PostgresLog::new(pool.clone(), None);
        let target = KafkaTarget::new(self.topics.kafka.clone());
        MirrorSink::new(target, log, pool, Arc::new(SystemClock))
    }

    fn lease(&self, owner: &str) -> impl Lease {
        let pool = self.database.pool().clone();
        PostgresLease::new(pool, Arc::new(SystemClock), NAME, 1, owner)
    }

    fn items(record: &Record) -> Vec<Record> {
        vec![record.clone()]
    }

    /// What a reader sees who drops what it has seen.
    async fn seen(&self) -> Vec<String> {
        let kafka = self.topics.kafka.clone();
        let held = tokio::task::spawn_blocking(move || held(&kafka))
            .await
            .unwrap()
            .unwrap();
        held.values().map(|record| format!("{record:?}")).collect()
    }
}

/// Every record in the topics, by its place in the log. It waits for the broker, which may be away, or about to remove what
/// is asked for.
fn held(kafka: &Kafka) -> Result<BTreeMap<u64, Record>, MirrorError> {
    let ends = Probe::new(kafka, || false)?.ends()?;
    let mut places = TopicPartitionList::new();
    for end in &ends {
        places
            .add_partition_offset(&end.topic, end.partition, Offset::Offset(end.low))
            .unwrap();
    }
    let mut config = client::any(kafka);
    config.set("group.id", "a-test");
    let consumer: BaseConsumer<Told> = config.create_with_context(Told).unwrap();
    consumer.assign(&places).unwrap();
    let form = Form::of(kafka.clone());
    let mut missing: i64 = ends.iter().map(|end| end.high - end.low).sum();
    let mut held = BTreeMap::new();
    while missing > 0 {
        let silence = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
        let message = consumer.poll(DELIVERY_MAX).unwrap_or(Err(silence));
        let record = form.read(&message.map_err(client::unavailable)?)?;
        held.insert(record.seq, record);
        missing -= 1;
    }
    Ok(held)
}
