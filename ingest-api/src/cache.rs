//! Answers that cost much to make, kept in Redis for a moment for whoever asks the same.
//!
//! *Invariant:* nobody is given what is older than what they wait for. The name under which an answer is kept holds the place
//! in the log up to which the view had come *before* it was read, so the answer shows at least that; and a view that moves on
//! asks under another name. Nothing has to be thrown away for that: what nobody asks for any more goes by itself.
//!
//! It holds whatever the asker may see as well: rights are looked up at each request, as ever, and are part of the name.
//! While Redis is away every answer is made.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use millstream_event_log::Seq;
use millstream_event_log::redis::{Redis, RedisError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long an answer is kept: people who look at the same page within a minute are many, later ones few.
const KEPT: Duration = Duration::from_mins(1);
/// Bytes of an answer that is kept. A larger one costs as much to carry as to make, and takes the room of many.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// Where answers are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache(Redis);

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What is asked, for metrics.
    of: &'static str,
    at: Seq,
    digest: String,
}

impl Name {
    /// The answer to `question`, which says all that it depends on, by views that have come to the place `at`.
    #[must_use]
    pub fn new(of: &'static str, at: Seq, question: &impl Serialize) -> Self {
        let question = serde_json::to_vec(question).expect("a question has text for keys");
        Self {
            of,
            at,
            digest: URL_SAFE_NO_PAD.encode(Sha256::digest(&question)),
        }
    }
}

impl Cache {
    /// A cache on this server.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self(redis)
    }

    /// The answer that is kept; where there is none, the one that is made now, which is kept then.
    pub async fn answer<T, E, F>(&self, name: &Name, make: impl FnOnce() -> F) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, E>>,
    {
        if let Some(kept) = self.kept(name).await {
            told(name.of, "kept");
            return Ok(kept);
        }
        let answer = make().await?;
        told(name.of, "made");
        self.keep(name, &answer).await;
        Ok(answer)
    }

    async fn kept<T: DeserializeOwned>(&self, name: &Name) -> Option<T> {
        let mut get = redis::cmd("GET");
        get.arg(self.key(name));
        let kept: Option<Vec<u8>> = self.0.ask(&get).await.ok()?;
        // What another version has kept in another form is made anew.
        serde_json::from_slice(&kept?).ok()
    }

    async fn keep(&self, name: &Name, answer: &impl Serialize) {
        let Ok(text) = serde_json::to_vec(answer) else {
            return;
        };
        if text.len() > ANSWER_BYTES_MAX {
            return;
        }
        let mut set = redis::cmd("SET");
        set.arg(self.key(name)).arg(text).arg("PX");
        set.arg(KEPT.as_millis().to_string());
        // Without Redis, the next one makes it again.
        let _: Result<(), RedisError> = self.0.ask(&set).await;
    }

    fn key(&self, name: &Name) -> String {
        let Name { of, at, digest } = name;
        // Versions that run side by side during an update do not read each other's answers.
        let version = env!("CARGO_PKG_VERSION");
        self.0.name(&format!("kept:{version}:{of}:{at}:{digest}"))
    }
}

fn told(of: &'static str, outcome: &'static str) {
    metrics::counter!("millstream_cache_answers_total", "of" => of, "outcome" => outcome)
        .increment(1);
}
