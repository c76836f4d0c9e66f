//! The mirror in Kafka: an idempotent producer, one Kafka topic for each of ours, key = aggregate.
//!
//! What tells a loss is a mark for each partition: the offset and the `seq` of the last record that was acknowledged there.
//! A partition that was wiped, made anew or taken from an older copy has something else at that offset, or nothing; and one
//! that is wiped while it is written to acknowledges an offset that is not behind the mark.

mod marks;

use super::{Holds, Target};
use marks::{Mark, Marks};
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::kafka::client::{self, Told};
use millstream_event_log::backends::kafka::message::Form;
use millstream_event_log::backends::kafka::topics;
use millstream_event_log::{Cut, MirrorError, Record};
use millstream_pipelines::sink::{Effect, Fault, StateRow};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::future_producer::{Delivery, DeliveryFuture};
use rdkafka::producer::{FutureProducer, Producer};
use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::time::Duration;

/// The pipeline, and its row.
pub const NAME: &str = "kafka";

/// How long the broker may take to acknowledge a record, before all of the commit is tried again.
const DELIVERY_MAX: Duration = Duration::from_secs(10);
/// How long records wait for others to travel with.
const LINGER: Duration = Duration::from_millis(1);
/// Kilobytes that may be on their way to the broker: more than a commit has as a rule, and little beside the process.
const UNDER_WAY_KIB_MAX: u32 = 64 << 10;
/// How long a stop waits for the broker's client to end.
const CLOSE_MAX: Duration = Duration::from_secs(1);

/// Writes to Kafka.
pub struct KafkaTarget {
    kafka: Kafka,
    form: Form,
    producer: Option<FutureProducer<Told>>,
    marks: Marks,
}

impl Debug for KafkaTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTarget")
            .field("kafka", &self.kafka)
            .field("marks", &self.marks)
            .finish_non_exhaustive()
    }
}

impl KafkaTarget {
    /// Writes to the topics of this mirror. Nothing is asked of the broker yet.
    #[must_use]
    pub fn new(kafka: Kafka) -> Self {
        Self {
            form: Form::of(kafka.clone()),
            kafka,
            producer: None,
            marks: Marks::default(),
        }
    }

    fn producer(&mut self) -> Result<FutureProducer<Told>, Fault> {
        if let Some(producer) = &self.producer {
            return Ok(producer.clone());
        }
        let producer: FutureProducer<Told> = producer(&self.kafka)
            .create_with_context(Told)
            .map_err(transient)?;
        self.producer = Some(producer.clone());
        Ok(producer)
    }

    /// Sends all, and waits for the acknowledgements in the same order.
    async fn send(
        &mut self,
        producer: &FutureProducer<Told>,
        records: &[Effect<Record>],
    ) -> Result<(), Fault> {
        let mut under_way = VecDeque::new();
        for effect in records {
            let written = self.form.write(&effect.item);
            loop {
                match producer.send_result(written.message()) {
                    Ok(delivery) => {
                        under_way.push_back((&effect.item, delivery));
                        break;
                    }
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _))
                        if !under_way.is_empty() =>
                    {
                        acknowledged(&mut self.marks, under_way.pop_front()).await?;
                    }
                    Err((error, _)) => return Err(refusal(error)),
                }
            }
        }
        while !under_way.is_empty() {
            acknowledged(&mut self.marks, under_way.pop_front()).await?;
        }
        Ok(())
    }
}

/// How a producer of the mirror is set up.
#[must_use]
pub fn producer(kafka: &Kafka) -> ClientConfig {
    let mut config = client::any(kafka);
    config
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", "lz4")
        // The one of Java's clients: whoever joins these topics with others finds keys where they expect them.
        .set("partitioner", "murmur2_random")
        .set("allow.auto.create.topics", "false")
        .set("linger.ms", LINGER.as_millis().to_string())
        .set("message.max.bytes", topics::MESSAGE_BYTES_MAX.to_string())
        .set("queue.buffering.max.kbytes", UNDER_WAY_KIB_MAX.to_string())
        .set("message.timeout.ms", DELIVERY_MAX.as_millis().to_string());
    config
}

/// Waits for one acknowledgement, and keeps in mind where the record stands.
async fn acknowledged(
    marks: &mut Marks,
    sent: Option<(&Record, DeliveryFuture)>,
) -> Result<(), Fault> {
    let Some((record, delivery)) = sent else {
        return Ok(());
    };
    let delivered = delivery.await;
    let gone = |_| transient(KafkaError::Canceled);
    let Delivery {
        partition, offset, ..
    } = delivered
        .map_err(gone)?
        .map_err(|(error, _)| refusal(error))?;
    let seq = record.seq;
    let is_behind = marks.acknowledge(record.topic, partition, Mark { offset, seq });
    if is_behind {
        return Ok(());
    }
    Err(lost(format!(
        "topic \"{}\", partition {partition}, holds less than was acknowledged",
        record.topic
    )))
}

impl Target for KafkaTarget {
    const NAME: &'static str = NAME;

    async fn open(&mut self, cut: Cut, marks: Vec<StateRow>) -> Result<Holds, Fault> {
        self.producer = None;
        self.marks = Marks::of(marks);
        topics::make_missing(&self.kafka).await.map_err(of_mirror)?;
        let (kafka, marks) = (self.kafka.clone(), self.marks.clone());
        let found = waiting(move || marks.compared(&kafka, cut)).await?;
        self.marks = found.marks;
        Ok(Holds {
            lost_behind: found.lost_behind,
            marks: self.marks.rows_instead_of(&found.before),
            beyond: found.beyond,
        })
    }

    async fn write(&mut self, records: &[Effect<Record>]) -> Result<(), Fault> {
        if self.producer.is_none() {
            // After a failure the broker may be another one than before: one without topics would be waited for in vain.
            self.check().await?;
        }
        let producer = self.producer()?;
        let sent = self.send(&producer, records).await;
        if sent.is_err() {
            // After a fatal error a producer sends nothing any more; and what is still on its way is of no use to anybody.
            producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
            self.producer = None;
        }
        sent
    }

    fn marks(&self) -> Vec<StateRow> {
        self.marks.rows()
    }

    async fn check(&mut self) -> Result<(), Fault> {
        let (producer, kafka) = (self.producer()?, self.kafka.clone());
        let marks = self.marks.clone();
        waiting(move || {
            let high = |topic: &str, partition| {
                let ends = producer
                    .client()
                    .fetch_watermarks(topic, partition, client::ANSWER_MAX);
                match ends {
                    Ok((_, high)) => Ok(Some(high)),
                    Err(error) if is_gone(&error) => Ok(None),
                    Err(error) => Err(client::unavailable(error)),
                }
            };
            marks.missing(&kafka, high)
        })
        .await?
        .map_or(Ok(()), |what| Err(lost(what)))
    }
}

impl Drop for KafkaTarget {
    fn drop(&mut self) {
        if let Some(producer) = &self.producer {
            // What was not acknowledged was not committed, and will be written again.
            producer.purge(rdkafka::producer::PurgeConfig::default().queue().inflight());
            let _ = producer.flush(CLOSE_MAX);
        }
    }
}

/// Does something that waits for the broker, away from the async threads.
async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(of_mirror),
        Err(panicked) => Err(Fault::Transient(Box::new(panicked))),
    }
}

fn of_mirror(error: MirrorError) -> Fault {
    match error {
        MirrorError::Unavailable(_) => Fault::Transient(Box::new(error)),
        // Somebody else writes to our topics.
        MirrorError::Malformed(_) | MirrorError::Foreign { .. } => Fault::Fatal(Box::new(error)),
    }
}

fn transient(error: KafkaError) -> Fault {
    Fault::Transient(Box::new(error))
}

fn lost(what: String) -> Fault {
    Fault::Lost(what.into())
}

/// Whether it says that there is no such topic, or no such partition.
fn is_gone(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::UnknownTopic
                | RDKafkaErrorCode::UnknownTopicOrPartition
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

/// What it means when the broker does not take a record.
fn refusal(error: KafkaError) -> Fault {
    match error.rdkafka_error_code() {
        _ if is_gone(&error) => Fault::Lost(Box::new(error)),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord) => {
            Fault::Reject(Box::new(error))
        }
        // The broker does not know this producer any more: it may have lost more than that.
        Some(
            RDKafkaErrorCode::UnknownProducerId
            | RDKafkaErrorCode::OutOfOrderSequenceNumber
            | RDKafkaErrorCode::Fatal,
        ) => Fault::Lost(Box::new(error)),
        Some(_) | None => transient(error),
    }
}
