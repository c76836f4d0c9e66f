//! The mirrors of the log, read by who knows nothing of Millstream but the form of its messages.

use super::counted::{among, same};
use super::house::House;
use crate::installation::{LOOK_EVERY, PATIENCE};
use millstream_event_log::backends::kafka::Kafka;
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::redis::Redis;
use millstream_event_log::testing::{kafka, redis};
use millstream_event_log::{Budget, Cut, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use tokio::time::Instant;

/// More than a test writes.
const ALL: Budget = Budget {
    records: 100_000,
    bytes: 1 << 30,
};

/// Where a house mirrors its log.
#[derive(Debug)]
pub(super) enum Mirror {
    Kafka(Kafka),
    Redis(Redis),
}

/// How often a mirror may hold a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeats {
    /// Nothing happened to it.
    None,
    /// It, or who writes it, was killed: what was on its way then may be there twice, and readers drop it by its place.
    Some,
}

impl Mirror {
    /// Topics of these brokers.
    pub(super) fn kafka(brokers: &str, prefix: &str, partitions: u16) -> Self {
        let partitions = NonZeroU16::new(partitions).expect("a topic has partitions");
        Self::Kafka(Kafka::at(brokers, prefix, partitions))
    }

    /// Everything that it holds, in the order in which it was delivered; nothing while it cannot be read.
    async fn held(&self) -> Vec<Record> {
        match self {
            Self::Kafka(at) => {
                let at = at.clone();
                let held = tokio::task::spawn_blocking(move || kafka::held(&at));
                held.await.unwrap().unwrap_or_default()
            }
            Self::Redis(at) => {
                let (redis, _connected) = redis::connected(at.clone()).await;
                redis::held(&redis).await
            }
        }
    }

    /// Each record of the log is there, as it is in the log, once.
    pub(super) async fn check(&self, house: &House, last: u64, repeats: Repeats) {
        let log = PostgresLog::new(house.database().pool().clone(), None);
        let written = log.read(Cut::START, ALL).await.unwrap().records;
        let written: BTreeMap<_, _> = written.into_iter().map(|it| (it.seq, it)).collect();
        let deadline = Instant::now() + PATIENCE;
        let held = loop {
            let held = self.held().await;
            let places: BTreeSet<_> = held.iter().map(|record| record.seq).collect();
            let is_whole = (1..=last).all(|seq| places.contains(&seq));
            // What is missing in the end is named below.
            if is_whole || Instant::now() > deadline {
                break held;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        let held: Vec<_> = held.iter().filter(|record| record.seq <= last).collect();
        for record in &held {
            let mut truth = written[&record.seq].clone();
            // They are for the audit alone.
            (truth.origin.client_ip, truth.origin.user_agent) = (None, None);
            assert_eq!(**record, truth, "the mirror holds another record");
        }
        let expected = written.values().filter(|record| record.seq <= last);
        let (expected, found) = (expected.map(name).collect(), held.into_iter().map(name));
        match repeats {
            Repeats::None => same("the mirror", &expected, &found.collect()),
            Repeats::Some => among("the mirror", &expected, &expected, &found.collect()),
        }
    }
}

fn name(record: &Record) -> String {
    format!("record {} ({})", record.seq, record.kind)
}
