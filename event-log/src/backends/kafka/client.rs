//! How clients of Kafka are set up, and where they say what goes wrong: in our log, never on standard error.

use super::Kafka;
use crate::error::MirrorError;
use millstream_domain::cause::in_full;
use rdkafka::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use std::time::Duration;

/// The name under which brokers know us; they want one of a consumer, although no group is ever joined.
const NAME: &str = "millstream";
/// Longest rest before a broker that went away is tried again: how long a restart of Kafka is felt at most.
const RECONNECT_MAX: Duration = Duration::from_secs(2);
/// How long a broker may take to answer one request.
pub const ANSWER_MAX: Duration = Duration::from_secs(10);
/// How long a broker may wait for something to come, before it answers that nothing did.
const FETCH_WAIT: Duration = Duration::from_millis(100);
/// Kilobytes of one partition that are fetched ahead of a reader; a reader has one such queue for each partition.
const AHEAD_KIB_MAX: u32 = 1_024;
/// Records of one partition that are fetched ahead.
const AHEAD_RECORDS: u32 = 1_000;
/// How long a partition of which enough is there rests, before it is looked whether more can be fetched. A backlog is read no
/// faster than that; the client's own second made it ten thousand records a second.
const FULL_REST: Duration = Duration::from_millis(5);

/// Tells what librdkafka says to our log.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told;

impl ClientContext for Told {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            // Brokers that cannot be reached are told by whoever needs them, once and with what comes of it.
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, text, "Kafka's client");
            }
            RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning
            | RDKafkaLogLevel::Notice
            | RDKafkaLogLevel::Info
            | RDKafkaLogLevel::Debug => tracing::debug!(facility, text, "Kafka's client"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(error = in_full(&error), reason, "Kafka's client");
    }
}

impl ConsumerContext for Told {}

/// What all clients have in common.
#[must_use]
pub fn any(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &kafka.brokers)
        .set("client.id", NAME)
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", millis(RECONNECT_MAX))
        .set("socket.timeout.ms", millis(ANSWER_MAX))
        .set_log_level(RDKafkaLogLevel::Info);
    kafka.security.set(&mut config);
    config
}

/// A client that reads from places it is given, and keeps none of them with the broker.
fn consumer(kafka: &Kafka) -> ClientConfig {
    let mut config = any(kafka);
    config
        .set("group.id", NAME)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("allow.auto.create.topics", "false")
        // A place that is gone is an error: going on elsewhere would skip.
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", millis(FETCH_WAIT))
        .set("fetch.error.backoff.ms", "100");
    config
}

/// A client that follows a mirror.
#[must_use]
pub fn reader(kafka: &Kafka) -> ClientConfig {
    let mut config = consumer(kafka);
    config
        .set("queued.max.messages.kbytes", AHEAD_KIB_MAX.to_string())
        .set("queued.min.messages", AHEAD_RECORDS.to_string())
        .set("fetch.queue.backoff.ms", millis(FULL_REST));
    config
}

/// A client that looks at single messages.
pub(super) fn probe(kafka: &Kafka) -> ClientConfig {
    let mut config = consumer(kafka);
    // No less than a batch of each partition: those that do not get one wait a second before they ask again.
    config.set("queued.min.messages", "1");
    config
}

/// An error of Kafka's client.
#[must_use]
pub fn unavailable(error: KafkaError) -> MirrorError {
    MirrorError::Unavailable(Box::new(error))
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
