//! A record as a message in Kafka: a CloudEvents 1.0 event in binary mode, that any client of Kafka can read.
//!
//! The attributes stand in headers (`ce_id`, `ce_type`, …), the payload is the value, the key is the aggregate's id. Two
//! more headers are Millstream's own: `seq`, the place in the log, by which repeats are dropped and the order of all topics
//! is found again, and `outbox`, the write that the record came from.
//!
//! *Invariant:* the address and the agent of a client are not in it. They are for the audit alone, which reads the log.

use super::Kafka;
use crate::error::MirrorError;
use crate::record::{Origin, Record, SOURCE, Via};
use crate::topic::Topic;
use chrono::SecondsFormat;
use millstream_domain::ids::{EventId, UserId};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use serde_json::value::RawValue;
use std::str::FromStr;
use uuid::Uuid;

/// The header with the place in the log.
pub const SEQ: &str = "seq";
/// The header with the write that the record came from.
const OUTBOX: &str = "outbox";

/// The form of messages, for the topics of one mirror.
#[derive(Debug, Clone)]
pub struct Form {
    kafka: Kafka,
    names: [String; Topic::ALL.len()],
}

/// A record's parts that a message borrows.
#[derive(Debug)]
pub struct Written<'a> {
    topic: &'a str,
    key: String,
    record: &'a Record,
}

impl Form {
    /// The form of this mirror's messages.
    #[must_use]
    pub fn of(kafka: Kafka) -> Self {
        let names = Topic::ALL.map(|topic| kafka.topic(topic));
        Self { kafka, names }
    }

    /// A record as a message.
    #[must_use]
    pub fn write<'a>(&'a self, record: &'a Record) -> Written<'a> {
        let at = Topic::ALL
            .iter()
            .position(|topic| *topic == record.topic)
            .expect("every topic is among all of them");
        Written {
            topic: &self.names[at],
            key: record.key.to_string(),
            record,
        }
    }

    /// The record that a message is.
    pub fn read(&self, message: &impl Message) -> Result<Record, MirrorError> {
        let place = || {
            format!(
                "topic \"{}\", partition {}, offset {}",
                message.topic(),
                message.partition(),
                message.offset()
            )
        };
        self.record(message)
            .map_err(|what| MirrorError::Malformed(format!("{}: {what}", place())))
    }

    fn record(&self, message: &impl Message) -> Result<Record, String> {
        let headers = Found::of(message)?;
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
        let data = message
            .payload()
            .and_then(|data| std::str::from_utf8(data).ok())
            .ok_or("the value is no text")?;
        let data = RawValue::from_string(data.to_owned()).map_err(|_| "the value is no JSON")?;
        let via: String = headers.parsed("ce_via")?;
        Ok(Record {
            seq: headers.parsed(SEQ)?,
            outbox_id: headers.parsed(OUTBOX)?,
            id: EventId(headers.parsed("ce_id")?),
            topic: self
                .kafka
                .topic_named(message.topic())
                .ok_or("the topic is none of ours")?,
            key: key
                .and_then(|key| key.parse().ok())
                .ok_or("the key is no id")?,
            kind: headers.parsed::<String>("ce_type")?.into(),
            subject: headers.parsed::<String>("ce_subject")?.into(),
            at: headers.parsed("ce_time")?,
            origin: Origin {
                actor: headers.optional::<Uuid>("ce_actor")?.map(UserId),
                via: Via::from_word(&via).ok_or("there is no such way in")?,
                client_ip: None,
                user_agent: None,
                request_id: headers.optional("ce_requestid")?,
            },
            schema_version: headers.parsed("ce_schemaversion")?,
            data: data.into(),
        })
    }
}

impl Written<'_> {
    /// What a producer takes. Which partition is the producer's choice, by the key.
    #[must_use]
    pub fn message(&self) -> FutureRecord<'_, str, str> {
        FutureRecord::to(self.topic)
            .key(self.key.as_str())
            .payload(self.record.data.get())
            .timestamp(self.record.at.timestamp_millis())
            .headers(headers(self.record))
    }
}

fn headers(record: &Record) -> OwnedHeaders {
    let time = record.at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let (seq, version) = (record.seq.to_string(), record.schema_version.to_string());
    let origin = &record.origin;
    let optional = [
        ("ce_actor", origin.actor.map(|actor| actor.0.to_string())),
        ("ce_requestid", origin.request_id.clone()),
    ];
    let always = [
        ("ce_specversion", "1.0"),
        ("ce_id", &record.id.0.to_string()),
        ("ce_source", SOURCE),
        ("ce_type", &record.kind),
        ("ce_subject", &record.subject),
        ("ce_time", &time),
        ("ce_seq", &seq),
        ("ce_schemaversion", &version),
        ("ce_via", origin.via.as_str()),
        ("content-type", "application/json"),
        (SEQ, &seq),
        (OUTBOX, &record.outbox_id.to_string()),
    ];
    let optional = optional
        .iter()
        .filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let capacity = always.len() + 2;
    always.into_iter().chain(optional).fold(
        OwnedHeaders::new_with_capacity(capacity),
        |all, (key, value)| {
            all.insert(Header {
                key,
                value: Some(value),
            })
        },
    )
}

/// The headers of a message.
struct Found<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Found<'a> {
    fn of<M: Message>(message: &'a M) -> Result<Self, String>
    where
        M::Headers: 'a,
    {
        let headers = message.headers().ok_or("there are no headers")?;
        let text = |header: Header<'a, &'a [u8]>| {
            Some((header.key, std::str::from_utf8(header.value?).ok()?))
        };
        Ok(Self(headers.iter().filter_map(text).collect()))
    }

    fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let found = self.0.iter().find(|(key, _)| *key == name);
        found
            .map(|(_, text)| text.parse())
            .transpose()
            .map_err(|_| format!("the header \"{name}\" does not have its form"))
    }

    fn parsed<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.optional(name)?
            .ok_or_else(|| format!("the header \"{name}\" is missing"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record;
    use crate::{Event, NewEvent};
    use rdkafka::message::{OwnedMessage, Timestamp};
    use std::num::NonZeroU16;

    fn form() -> Form {
        Form::of(Kafka::at("", "a.", NonZeroU16::MIN))
    }

    fn sent(form: &Form, record: &Record) -> OwnedMessage {
        let written = form.write(record);
        let message = written.message();
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        let at = Timestamp::CreateTime(message.timestamp.unwrap_or_default());
        let topic = message.topic.to_owned();
        let (payload, key) = (bytes(message.payload), bytes(message.key));
        OwnedMessage::new(payload, key, topic, at, 0, 0, message.headers.clone())
    }

    #[test]
    fn every_event_comes_back_from_its_message() {
        let form = form();
        for (seq, event) in (1..).zip(Event::samples()) {
            let record = record(seq, event);
            let message = sent(&form, &record);
            assert!(message.topic().starts_with("a."));
            assert_eq!(form.read(&message).expect("a record"), record);
        }
    }

    #[test]
    fn the_address_and_the_agent_of_a_client_do_not_leave_the_house() {
        let mut new: NewEvent = crate::testing::new_event(1, Event::samples().swap_remove(0));
        new.origin.client_ip = Some("192.0.2.77".into());
        new.origin.user_agent = Some("curl".into());
        new.origin.request_id = Some("r-1".into());
        let record = Record::from_new(new, 1, 1);
        let form = form();
        let message = sent(&form, &record);
        assert!(!format!("{message:?}").contains("192.0.2.77"));
        let read = form.read(&message).expect("a record").origin;
        assert_eq!((read.client_ip, read.user_agent), (None, None));
        assert_eq!(read.request_id, record.origin.request_id);
    }

    #[test]
    fn what_somebody_else_wrote_is_told_with_its_place() {
        let at = Timestamp::NotAvailable;
        let topic = "a.task-events".to_owned();
        let message = OwnedMessage::new(Some(b"hello".to_vec()), None, topic, at, 2, 7, None);
        let error = form().read(&message).expect_err("no record").to_string();
        assert!(error.contains("partition 2, offset 7"), "{error}");
    }
}
