//! What the processes on one database have between them: signals, so that each hears at once what the others did; and, with
//! a Redis, quotas, a cache and a mirror of the log; with a Kafka, another mirror.
//!
//! Without a Redis, and while it is away, processes look for each other's work in the database.

use crate::config::{EventLog, Settings};
use crate::database::Database;
use crate::lifecycle::Group;
use crate::usage::Usage;
use anyhow::Result;
use millstream_event_log::Log;
use millstream_event_log::backends::kafka::{Kafka, KafkaLog};
use millstream_event_log::backends::postgres::PostgresLog;
use millstream_event_log::backends::redis::RedisLog;
use millstream_event_log::mover::Tail;
use millstream_event_log::redis::Redis;
use millstream_event_log::signals::Signals;
use millstream_event_log::signals::exchange::Exchange;
use millstream_ingest_api::cache::Cache;
use millstream_sinks::mirror::redis::RedisTarget;
use millstream_store::Store;
use millstream_store::pipeline::lookout::Lookout;

/// The mirror in Redis.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    redis: Redis,
    /// About how many entries each stream keeps.
    len: usize,
}

impl Streams {
    /// What writes to it.
    pub(crate) fn target(&self) -> RedisTarget {
        RedisTarget::new(self.redis.clone()).keeping(self.len)
    }
}

/// What this process has of it.
#[derive(Debug, Clone)]
pub(crate) struct Between {
    signals: Signals,
    tail: Tail,
    /// The server, under names of this database alone.
    redis: Option<Redis>,
    /// The same under the prefix of the mirror, which others may read as well.
    mirror: Option<Streams>,
    /// The Kafka that the log is mirrored in.
    kafka: Option<Kafka>,
    event_log: EventLog,
    has_cache: bool,
}

impl Between {
    /// As the settings say; nothing is connected yet. `tail` is what the mover of this process tells.
    pub(crate) async fn of(settings: &Settings, database: &Database, tail: Tail) -> Result<Self> {
        let brokers = &settings.between;
        let server = brokers.redis()?;
        if server.is_none() && settings.event_log == EventLog::Redis {
            return Err(Usage::because(
                "EVENT_LOG=redis needs a Redis: set REDIS_URL".to_owned(),
            ));
        }
        if server.is_none() && brokers.redis_mirror {
            return Err(Usage::because(
                "REDIS_MIRROR=true needs a Redis: set REDIS_URL".to_owned(),
            ));
        }
        let is_mirrored = brokers.redis_mirror || settings.event_log == EventLog::Redis;
        let kafka = brokers.kafka()?;
        if kafka.is_none() && settings.event_log == EventLog::Kafka {
            return Err(Usage::because(
                "EVENT_LOG=kafka needs a Kafka: set KAFKA_BROKERS".to_owned(),
            ));
        }
        let redis = match &server {
            Some(server) => {
                let of = millstream_store::schema::database_id(database.pool()).await?;
                Some(server.within(&format!("{of}:")))
            }
            None => None,
        };
        Ok(Self {
            signals: Signals::default(),
            tail,
            redis,
            mirror: server.filter(|_| is_mirrored).map(|redis| Streams {
                redis,
                len: brokers.redis_stream_len(),
            }),
            kafka,
            event_log: settings.event_log,
            has_cache: brokers.enable_cache,
        })
    }

    /// The signal bus of this process.
    pub(crate) fn signals(&self) -> &Signals {
        &self.signals
    }

    /// What those should hear who run several processes on one database, and have no Redis.
    pub(crate) fn unheard(&self) -> Option<String> {
        let is_unheard = self.redis.is_none();
        is_unheard.then(|| {
            "several processes on one database hear of each other's work at once through a Redis (REDIS_URL); without one, \
             each looks into the database four times a second, and shows a quarter of a second later what others did"
                .to_owned()
        })
    }

    /// The same for a part, which never runs alone: told to the log, and answered with.
    pub(crate) fn warned(&self) -> Option<String> {
        let unheard = self.unheard()?;
        tracing::warn!(warning = unheard, "there is no Redis");
        Some(unheard)
    }

    /// The Redis, where there is one.
    pub(crate) fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }

    /// The cache, where there is a Redis and one is wanted.
    pub(crate) fn cache(&self) -> Option<Cache> {
        let redis = self.redis.clone().filter(|_| self.has_cache);
        redis.map(Cache::new)
    }

    /// The mirror in Redis, where one is wanted; whether or not pipelines read the log from there.
    pub(crate) fn mirror(&self) -> Option<&Streams> {
        self.mirror.as_ref()
    }

    /// The Kafka that the log is mirrored in, where there is one; whether or not pipelines read it from there.
    pub(crate) fn kafka(&self) -> Option<&Kafka> {
        self.kafka.as_ref()
    }

    /// The log as pipelines read it.
    pub(crate) fn log(&self, truth: &PostgresLog) -> Log {
        let truth = Log::Postgres(truth.clone());
        match (self.event_log, &self.mirror, &self.kafka) {
            (EventLog::Redis, Some(streams), _) => {
                Log::Redis(RedisLog::on(streams.redis.clone(), truth))
            }
            (EventLog::Kafka, _, Some(kafka)) => Log::Kafka(KafkaLog::on(kafka.clone(), truth)),
            (EventLog::Postgres | EventLog::Redis | EventLog::Kafka, _, _) => truth,
        }
    }

    /// Starts to say and hear what happens, as `node`. Nobody else can be on a database that is inside this process.
    pub(crate) fn start(&self, store: &Store, database: &Database, node: &str) -> Group {
        let mut group = Group::new("signals");
        if let Some(redis) = &self.redis {
            let (signals, tail) = (self.signals.clone(), self.tail.clone());
            let exchange = Exchange::new(redis.clone(), signals, tail);
            group.spawn(exchange.run(group.stop_token()));
            group.spawn(redis.clone().run(group.stop_token()));
        }
        if !database.is_embedded() {
            let (signals, tail) = (self.signals.clone(), self.tail.clone());
            let lookout = Lookout::new(store.clone(), signals, tail, node);
            group.spawn(lookout.run(group.stop_token()));
        }
        group
    }
}
