//! Looking at what a mirror in Kafka holds: its partitions, their ends, single messages, and the offsets behind a cut.
//!
//! All of it waits for the broker in the thread that asks, so it is called from threads that may wait.

use super::Kafka;
use super::client::{self, ANSWER_MAX, Told, unavailable};
use super::message::Form;
use super::search::Search;
use super::security::NotLetIn;
use crate::cut::Cut;
use crate::error::MirrorError;
use crate::record::Record;
use crate::topic::Topic;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::metadata::MetadataTopic;
use rdkafka::topic_partition_list::Offset;
use rdkafka::types::RDKafkaErrorCode;
use std::time::{Duration, Instant};

/// How often it is looked whether anybody still wants to know.
const POLL: Duration = Duration::from_millis(100);

/// One partition, and where its messages begin and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The topic's name in Kafka.
    pub topic: String,
    /// Which of ours it is.
    pub ours: Topic,
    /// The partition.
    pub partition: i32,
    /// The offset of the oldest message.
    pub low: i64,
    /// The offset that the next message will have.
    pub high: i64,
}

/// Looks at a mirror.
pub struct Probe<F> {
    kafka: Kafka,
    form: Form,
    /// Asks about topics and their ends.
    questions: BaseConsumer<Told>,
    given_up: F,
}

impl<F: Fn() -> bool> Probe<F> {
    /// A look at this mirror, for as long as somebody wants to know.
    pub fn new(kafka: &Kafka, given_up: F) -> Result<Self, MirrorError> {
        Ok(Self {
            kafka: kafka.clone(),
            form: Form::of(kafka.clone()),
            questions: client::any(kafka)
                .create_with_context(Told)
                .map_err(unavailable)?,
            given_up,
        })
    }

    /// The topics that there are, and how many partitions each has.
    pub fn partitions(&self) -> Result<Vec<(Topic, i32)>, MirrorError> {
        let mut there = Vec::new();
        for topic in Topic::ALL {
            let name = self.kafka.topic(topic);
            let metadata = self
                .questions
                .fetch_metadata(Some(&name), ANSWER_MAX)
                .map_err(|error| self.reason(error))?;
            let found = metadata.topics().iter().find(|it| it.name() == name);
            let count = found.map_or(0, |it| it.partitions().len());
            let error = found
                .and_then(MetadataTopic::error)
                .map(RDKafkaErrorCode::from);
            match error {
                None if count > 0 => there.push((topic, i32::try_from(count).unwrap_or(i32::MAX))),
                None
                | Some(
                    RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition,
                ) => {}
                Some(code) => return Err(unavailable(KafkaError::MetadataFetch(code))),
            }
        }
        Ok(there)
    }

    /// All partitions with their ends.
    pub fn ends(&self) -> Result<Vec<Ends>, MirrorError> {
        let mut ends = Vec::new();
        for (ours, count) in self.partitions()? {
            let topic = self.kafka.topic(ours);
            for partition in 0..count {
                let (low, high) = self
                    .questions
                    .fetch_watermarks(&topic, partition, ANSWER_MAX)
                    .map_err(unavailable)?;
                ends.push(Ends {
                    topic: topic.clone(),
                    ours,
                    partition,
                    low,
                    high,
                });
            }
        }
        Ok(ends)
    }

    /// An error of the client, or what keeps it from connecting: it says that to whoever polls it, and to others only that
    /// nobody answered.
    fn reason(&self, error: KafkaError) -> MirrorError {
        let until = Instant::now() + POLL;
        while Instant::now() < until {
            let told = self
                .questions
                .poll(until.saturating_duration_since(Instant::now()));
            let error = told.and_then(Result::err);
            if let Some(not_let_in) = error.as_ref().and_then(NotLetIn::of) {
                return MirrorError::Unavailable(Box::new(not_let_in));
            }
        }
        unavailable(error)
    }

    /// The newest record of each partition; `None` where it is empty.
    pub fn newest(&self, ends: &[Ends]) -> Result<Vec<Option<Record>>, MirrorError> {
        let last = |end: &Ends| (end.low < end.high).then(|| end.high - 1);
        let wanted: Vec<_> = ends.iter().map(last).collect();
        let found = self.at(ends, &wanted)?;
        Ok(found
            .into_iter()
            .map(|it| it.map(|(_, record)| record))
            .collect())
    }

    /// For each partition, the offset from which on everything stands that is behind the cut. `newest` is what
    /// [`Probe::newest`] found, which is enough for whoever has read everything.
    pub fn behind(
        &self,
        cut: Cut,
        ends: &[Ends],
        newest: &[Option<Record>],
    ) -> Result<Vec<i64>, MirrorError> {
        let begun = ends.iter().zip(newest).map(|(end, newest)| {
            let mut search = Search::within(end.low, end.high);
            if let Some(newest) = newest {
                search.found(end.high - 1, end.high - 1, newest, cut);
            }
            search
        });
        let mut searches: Vec<_> = begun.collect();
        loop {
            let wanted: Vec<_> = searches.iter().map(Search::next).collect();
            if wanted.iter().all(Option::is_none) {
                return Ok(searches.iter().map(Search::place).collect());
            }
            let found = self.at(ends, &wanted)?;
            for ((search, at), found) in searches.iter_mut().zip(wanted).zip(found) {
                if let (Some(at), Some((offset, record))) = (at, found) {
                    search.found(at, offset, &record, cut);
                }
            }
        }
    }

    /// One message of each partition that is wanted: the one at the offset, or the next if it is gone.
    pub fn at(
        &self,
        ends: &[Ends],
        wanted: &[Option<i64>],
    ) -> Result<Vec<Option<(i64, Record)>>, MirrorError> {
        let mut found = vec![None; ends.len()];
        let mut places = TopicPartitionList::new();
        for (end, offset) in ends.iter().zip(wanted) {
            if let Some(offset) = offset {
                places
                    .add_partition_offset(&end.topic, end.partition, Offset::Offset(*offset))
                    .map_err(unavailable)?;
            }
        }
        let mut missing = places.count();
        if missing == 0 {
            return Ok(found);
        }
        // One of its own: librdkafka 2.12 aborts the process when partitions are assigned again before it has let them go,
        // and until then it delivers messages of the assignment before.
        let consumer = consumer(&self.kafka)?;
        consumer.assign(&places).map_err(unavailable)?;
        let until = Instant::now() + ANSWER_MAX;
        while missing > 0 {
            let Some(message) = self.poll(&consumer, until)? else {
                continue;
            };
            let is_there =
                |end: &Ends| end.topic == message.topic() && end.partition == message.partition();
            let at = ends.iter().position(is_there);
            if let Some(at) = at.filter(|at| found[*at].is_none() && wanted[*at].is_some()) {
                found[at] = Some((message.offset(), self.form.read(&message)?));
                missing -= 1;
            }
        }
        Ok(found)
    }

    fn poll<'a>(
        &self,
        consumer: &'a BaseConsumer<Told>,
        until: Instant,
    ) -> Result<Option<BorrowedMessage<'a>>, MirrorError> {
        if (self.given_up)() || Instant::now() > until {
            let timed_out = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
            return Err(unavailable(timed_out));
        }
        match consumer.poll(POLL) {
            Some(Ok(message)) => Ok(Some(message)),
            Some(Err(error)) => super::passing(error).map(|()| None),
            None => Ok(None),
        }
    }
}

fn consumer(kafka: &Kafka) -> Result<BaseConsumer<Told>, MirrorError> {
    client::probe(kafka)
        .create_with_context(Told)
        .map_err(unavailable)
}
