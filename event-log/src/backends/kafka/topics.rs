//! The topics of the mirror: made where they are missing, and left as they are where somebody has made or changed them.

use super::Kafka;
use super::client::{self, ANSWER_MAX, Told, unavailable};
use super::place::Probe;
use crate::error::MirrorError;
use crate::topic::Topic;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;
use std::time::Duration;
use tokio::time::Instant;

/// Most bytes of a message: far more than the largest event has, and within what brokers take as one request.
pub const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// The retention of topics that are kept for ever, as Kafka writes it.
const FOR_EVER: &str = "-1";
/// How long new topics may take until the broker knows them everywhere.
const MADE_MAX: Duration = Duration::from_secs(15);
/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(100);

/// Makes the topics that are missing.
pub async fn make_missing(kafka: &Kafka) -> Result<(), MirrorError> {
    let missing = missing(kafka).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let admin: AdminClient<Told> = client::any(kafka)
        .create_with_context(Told)
        .map_err(unavailable)?;
    let names: Vec<_> = missing.iter().map(|topic| kafka.topic(*topic)).collect();
    let bytes_max = MESSAGE_BYTES_MAX.to_string();
    let retention_ms = kafka
        .retention
        .map_or_else(|| FOR_EVER.to_owned(), |it| it.as_millis().to_string());
    let new = names.iter().map(|name| {
        // As many copies as the broker gives every topic.
        NewTopic::new(
            name,
            kafka.partitions.get().into(),
            TopicReplication::Fixed(-1),
        )
        .set("retention.ms", &retention_ms)
        .set("retention.bytes", "-1")
        .set("max.message.bytes", &bytes_max)
    });
    let new: Vec<_> = new.collect();
    let options = AdminOptions::new().operation_timeout(Some(ANSWER_MAX));
    let made = admin.create_topics(&new, &options).await;
    for made in made.map_err(unavailable)? {
        match made {
            // Another node was as quick.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((_, code)) => return Err(unavailable(KafkaError::AdminOp(code))),
        }
    }
    tracing::info!(topics = ?names, partitions = kafka.partitions, "topics of the mirror were made");
    let until = Instant::now() + MADE_MAX;
    while !self::missing(kafka).await?.is_empty() {
        if Instant::now() > until {
            return Err(MirrorError::Unavailable(
                "the broker does not know the topics that it made".into(),
            ));
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

async fn missing(kafka: &Kafka) -> Result<Vec<Topic>, MirrorError> {
    let kafka = kafka.clone();
    let there = tokio::task::spawn_blocking(move || Probe::new(&kafka, || false)?.partitions());
    let there = there
        .await
        .map_err(|panicked| MirrorError::Unavailable(Box::new(panicked)))??;
    let is_there = |topic: &Topic| there.iter().any(|(known, _)| known == topic);
    Ok(Topic::ALL.into_iter().filter(|it| !is_there(it)).collect())
}
