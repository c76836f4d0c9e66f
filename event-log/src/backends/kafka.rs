//! The log's mirror in Kafka: one Kafka topic for each [`Topic`], keyed by aggregate.
//!
//! A reader takes all partitions of all topics, from offsets of its own finding ([`place`]), and belongs to no consumer
//! group: nothing is committed to the broker, and no rebalance moves anybody. How the partitions become the log again is
//! said in [`super::mirrored`]; how a record looks as a message, in [`message`].

pub mod client;
pub mod message;
pub mod place;
mod search;
pub mod security;
pub mod topics;

use super::Log;
use super::merge::Merge;
use super::mirrored::{Mirror, Mirrored, Opened, Opening, Source};
use crate::cut::Cut;
use crate::error::MirrorError;
use crate::topic::Topic;
use client::{Told, unavailable};
use futures::Stream;
use message::Form;
use millstream_domain::cause::in_full;
use place::Probe;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::stream_consumer::StreamPartitionQueue;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::Offset;
use security::Security;
use std::fmt::{self, Debug};
use std::num::NonZeroU16;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot;

/// Where the mirror is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// Brokers to begin with, `host:port`, separated by commas.
    pub brokers: String,
    /// What the names of the topics begin with.
    pub prefix: String,
    /// How many partitions a topic is made with, where it is missing.
    pub partitions: NonZeroU16,
    /// How long a topic that is made keeps its messages; for ever without it, as the log does.
    pub retention: Option<Duration>,
    /// How brokers are spoken to.
    pub security: Security,
}

impl Kafka {
    /// Topics under a prefix, made with so many partitions and kept for ever; brokers in a network of their own.
    #[must_use]
    pub fn at(brokers: &str, prefix: &str, partitions: NonZeroU16) -> Self {
        Self {
            brokers: brokers.to_owned(),
            prefix: prefix.to_owned(),
            partitions,
            retention: None,
            security: Security::default(),
        }
    }

    /// The Kafka topic of one of ours.
    #[must_use]
    pub fn topic(&self, topic: Topic) -> String {
        format!("{}{topic}", self.prefix)
    }

    /// One of ours, by its name in Kafka.
    #[must_use]
    pub fn topic_named(&self, name: &str) -> Option<Topic> {
        name.strip_prefix(&self.prefix)?.parse().ok()
    }
}

/// The log, read from Kafka.
pub type KafkaLog = Mirrored<KafkaMirror>;

impl KafkaLog {
    /// The log `truth`, read from Kafka as far as that goes.
    #[must_use]
    pub fn on(kafka: Kafka, truth: Log) -> Self {
        Self::new(KafkaMirror(kafka), truth)
    }
}

/// The mirror in Kafka, for readers.
#[derive(Debug)]
pub struct KafkaMirror(Kafka);

impl Mirror for KafkaMirror {
    type Source = KafkaSource;
    const NAME: &'static str = "kafka";

    fn open(&self, from: Cut) -> Opening<KafkaSource> {
        let kafka = self.0.clone();
        let (answer, opened) = oneshot::channel();
        Box::pin(async move {
            // librdkafka answers questions about topics to threads that wait. It stops when nobody wants to know any more.
            tokio::task::spawn_blocking(move || {
                let found = open(kafka, from, || answer.is_closed());
                // Who asked may have gone meanwhile.
                let _ = answer.send(found);
            });
            let gone = |error| MirrorError::Unavailable(Box::new(error));
            opened.await.map_err(gone)?
        })
    }
}

fn open(
    kafka: Kafka,
    from: Cut,
    given_up: impl Fn() -> bool,
) -> Result<Opened<KafkaSource>, MirrorError> {
    let probe = Probe::new(&kafka, given_up)?;
    let ends = probe.ends()?;
    if ends.is_empty() {
        return Err(MirrorError::Unavailable("it has no topics yet".into()));
    }
    let newest = probe.newest(&ends)?;
    let offsets = probe.behind(from, &ends, &newest)?;
    let newest = newest.into_iter().flatten();
    let newest = newest.map(|record| (record.seq, record.id)).max();
    let mut places = TopicPartitionList::new();
    for (end, offset) in ends.iter().zip(offsets) {
        places
            .add_partition_offset(&end.topic, end.partition, Offset::Offset(offset))
            .map_err(unavailable)?;
    }
    let source = KafkaSource::at(kafka, &places).map_err(unavailable)?;
    Ok(Opened { source, newest })
}

/// What comes from Kafka: each partition has a queue of its own, so that one that is far ahead can be left alone.
pub struct KafkaSource {
    form: Form,
    /// What comes from the partitions, in the order of `places`.
    queues: Vec<StreamPartitionQueue<Told>>,
    places: Vec<(String, i32)>,
    /// There until the end.
    consumer: Option<Arc<StreamConsumer<Told>>>,
}

impl Drop for KafkaSource {
    fn drop(&mut self) {
        // Taking leave of a broker takes longer than other tasks should wait.
        let parts = (std::mem::take(&mut self.queues), self.consumer.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(parts));
        }
    }
}

impl Debug for KafkaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSource")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

impl KafkaSource {
    fn at(kafka: Kafka, places: &TopicPartitionList) -> Result<Self, KafkaError> {
        let consumer: StreamConsumer<Told> = client::reader(&kafka).create_with_context(Told)?;
        let consumer = Arc::new(consumer);
        consumer.assign(places)?;
        let places = places.elements();
        let places = places
            .iter()
            .map(|place| (place.topic().to_owned(), place.partition()));
        let places: Vec<_> = places.collect();
        let queue = |(topic, partition): &(String, i32)| {
            consumer
                .split_partition_queue(topic, *partition)
                .ok_or_else(|| KafkaError::Subscription(format!("{topic}/{partition}")))
        };
        let queues = places.iter().map(queue).collect::<Result<_, _>>()?;
        Ok(Self {
            form: Form::of(kafka),
            queues,
            places,
            consumer: Some(consumer),
        })
    }

    /// Which of the partitions a message is from.
    fn place(&self, message: &BorrowedMessage<'_>) -> Option<usize> {
        let is_here = |(topic, partition): &(String, i32)| {
            *partition == message.partition() && topic == message.topic()
        };
        self.places.iter().position(is_here)
    }

    /// Offers a message that came; one that is no record of ours is left out, and its place filled from the log.
    fn offer(&self, partition: usize, message: &BorrowedMessage<'_>, merge: &mut Merge) {
        match self.form.read(message) {
            Ok(record) => merge.offer(partition, record),
            Err(error) => tracing::warn!(error = in_full(&error), "a message in Kafka is left out"),
        }
    }
}

impl Source for KafkaSource {
    async fn more(&mut self, merge: &mut Merge) -> Result<(), MirrorError> {
        let Some(consumer) = &self.consumer else {
            return Ok(());
        };
        // Errors come this way, and what was fetched before the partitions had queues of their own. It has to be asked for
        // the client to go on.
        let mut rest = consumer.stream();
        let mut queues: Vec<_> = self.queues.iter().map(|it| it.stream()).collect();
        std::future::poll_fn(|cx| {
            let mut came = false;
            while let Some(message) = next(&mut rest, cx)? {
                if let Some(partition) = self.place(&message) {
                    self.offer(partition, &message, merge);
                    came = true;
                }
            }
            for (partition, queue) in queues.iter_mut().enumerate() {
                while merge.room(partition) > 0
                    && let Some(message) = next(queue, cx)?
                {
                    self.offer(partition, &message, merge);
                    came = true;
                }
            }
            if came {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        })
        .await
    }
}

/// The next message of a queue, if it is there.
fn next<T>(
    queue: &mut (impl Stream<Item = Result<T, KafkaError>> + Unpin),
    cx: &mut Context<'_>,
) -> Result<Option<T>, MirrorError> {
    loop {
        match Pin::new(&mut *queue).poll_next(cx) {
            Poll::Ready(Some(Ok(message))) => return Ok(Some(message)),
            Poll::Ready(Some(Err(error))) => passing(error)?,
            Poll::Ready(None) | Poll::Pending => return Ok(None),
        }
    }
}

/// Errors that a client mends by itself are passed over; those after which it would read from the wrong place, or never
/// again, are not.
fn passing(error: KafkaError) -> Result<(), MirrorError> {
    let is_final = matches!(
        error,
        KafkaError::MessageConsumptionFatal(_)
            | KafkaError::MessageConsumption(
                RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::OffsetOutOfRange
                    | RDKafkaErrorCode::UnknownTopic
                    | RDKafkaErrorCode::UnknownTopicOrPartition
                    | RDKafkaErrorCode::UnknownPartition
                    | RDKafkaErrorCode::TopicAuthorizationFailed
            )
    );
    if is_final {
        return Err(unavailable(error));
    }
    tracing::debug!(error = in_full(&error), "reading from Kafka is interrupted");
    Ok(())
}
