//! A record as an entry of a stream: the attributes of a CloudEvents 1.0 event, a field each, and the payload in `data`.
//!
//! Two fields are Millstream's own: `key`, the aggregate's id, and `outbox`, the write that the record came from. The place
//! in the log is the entry's id, `<seq>-0`, and stands in `seq` as well, for those who lose sight of the id.
//!
//! *Invariant:* the address and the agent of a client are not in it. They are for the audit alone, which reads the log.

use crate::cut::Seq;
use crate::error::MirrorError;
use crate::record::{Origin, Record, SOURCE, Via};
use crate::topic::Topic;
use chrono::SecondsFormat;
use millstream_domain::ids::{EventId, UserId};
use redis::{Cmd, FromRedisValue, ParsingError, Value};
use serde_json::value::RawValue;
use std::str::FromStr;
use uuid::Uuid;

/// An entry as the server tells it: its id, and its fields one behind the other.
#[derive(Debug)]
pub struct Entry {
    id: String,
    fields: Vec<String>,
}

impl FromRedisValue for Entry {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (id, fields) = redis::from_redis_value(value)?;
        Ok(Self { id, fields })
    }
}

/// The command that adds a record to a stream, and trims the stream to about so many entries.
#[must_use]
pub fn add(stream: &str, len: usize, record: &Record) -> Cmd {
    let mut add = redis::cmd("XADD");
    add.arg(stream).arg("MAXLEN").arg("~").arg(len);
    add.arg(format!("{}-0", record.seq));
    let mut field = |name: &str, value: &str| {
        add.arg(name).arg(value);
    };
    field("specversion", "1.0");
    field("id", &record.id.to_string());
    field("source", SOURCE);
    field("type", &record.kind);
    field("subject", &record.subject);
    field(
        "time",
        &record.at.to_rfc3339_opts(SecondsFormat::Micros, true),
    );
    field("datacontenttype", "application/json");
    field("seq", &record.seq.to_string());
    field("schemaversion", &record.schema_version.to_string());
    field("via", record.origin.via.as_str());
    if let Some(actor) = record.origin.actor {
        field("actor", &actor.to_string());
    }
    if let Some(request_id) = &record.origin.request_id {
        field("requestid", request_id);
    }
    field("key", &record.key.to_string());
    field("outbox", &record.outbox_id.to_string());
    field("data", record.data.get());
    add
}

impl Entry {
    /// The record that the entry is, in the stream of this topic.
    pub fn read(&self, topic: Topic) -> Result<Record, MirrorError> {
        self.record(topic).map_err(|what| {
            MirrorError::Malformed(format!("stream of \"{topic}\", entry {}: {what}", self.id))
        })
    }

    fn record(&self, topic: Topic) -> Result<Record, String> {
        let seq: Seq = self
            .id
            .strip_suffix("-0")
            .and_then(|seq| seq.parse().ok())
            .ok_or("the id is no place in the log")?;
        let data = RawValue::from_string(self.parsed("data")?).map_err(|_| "data is no JSON")?;
        let via: String = self.parsed("via")?;
        Ok(Record {
            seq,
            outbox_id: self.parsed("outbox")?,
            id: EventId(self.parsed("id")?),
            topic,
            key: self.parsed("key")?,
            kind: self.parsed::<String>("type")?.into(),
            subject: self.parsed::<String>("subject")?.into(),
            at: self.parsed("time")?,
            origin: Origin {
                actor: self.optional::<Uuid>("actor")?.map(UserId),
                via: Via::from_word(&via).ok_or("there is no such way in")?,
                client_ip: None,
                user_agent: None,
                request_id: self.optional("requestid")?,
            },
            schema_version: self.parsed("schemaversion")?,
            data: data.into(),
        })
    }

    fn parsed<T: FromStr>(&self, name: &str) -> Result<T, String> {
        let missing = || format!("there is no {name}");
        self.optional(name)?.ok_or_else(missing)
    }

    fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let mut fields = self.fields.chunks_exact(2);
        let Some(field) = fields.find(|field| field[0] == name) else {
            return Ok(None);
        };
        let malformed = |_| format!("\"{}\" is no {name}", field[1]);
        field[1].parse().map(Some).map_err(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, testing};
    use redis::Arg;

    /// The entry that the server would make of the command.
    fn entry(add: &Cmd) -> Entry {
        let words: Vec<String> = add
            .args_iter()
            .map(|arg| match arg {
                Arg::Simple(word) => String::from_utf8(word.to_vec()).unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(words[..4], ["XADD", "tasks", "MAXLEN", "~"]);
        Entry {
            id: words[5].clone(),
            fields: words[6..].to_vec(),
        }
    }

    #[test]
    fn every_event_is_read_back_but_for_what_the_audit_alone_may_know() {
        for (seq, event) in (1..).zip(Event::samples()) {
            let mut record = testing::record(seq, event);
            record.origin.client_ip = Some("192.0.2.7".into());
            record.origin.user_agent = Some("a browser".into());
            record.origin.request_id = Some("r-7".into());
            let written = entry(&add("tasks", 10, &record));
            assert!(!format!("{written:?}").contains("192.0.2.7"));
            record.origin.client_ip = None;
            record.origin.user_agent = None;
            assert_eq!(written.read(record.topic).unwrap(), record);
        }
    }

    #[test]
    fn what_is_no_record_is_told_with_its_place() {
        let record = testing::record(7, Event::samples().swap_remove(0));
        let mut entry = entry(&add("tasks", 10, &record));
        entry.id = "1700000000000-0x".into();
        let error = entry.read(record.topic).unwrap_err().to_string();
        assert!(error.contains("1700000000000-0x"), "{error}");
        entry.id = "7-0".into();
        entry.fields.truncate(10);
        let error = entry.read(record.topic).unwrap_err().to_string();
        assert!(error.contains("there is no data"), "{error}");
    }
}
