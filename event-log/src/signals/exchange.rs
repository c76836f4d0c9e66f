//! Signals between processes, over Redis pub/sub: each process says what it says within, and hears the others.
//!
//! A message is a few lines, a [`Word`] each; what comes while one is on its way is said together in the next. Messages get
//! lost whenever Redis or a connection does: [`Signals::hears`] says so, and somebody looks meanwhile.

use super::{Signals, Word};
use crate::cut::Seq;
use crate::mover::Tail;
use crate::redis::{Redis, RedisError};
use futures::StreamExt;
use redis::aio::PubSub;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What all processes listen to.
const CHANNEL: &str = "signals";
/// Pause after a message: views that commit as often as they can cost a message a millisecond at most.
const COALESCE: Duration = Duration::from_millis(1);
/// How often a connection is tried over which nothing comes.
const PING: Duration = Duration::from_secs(1);
/// How long an answer to that may take.
const PONG_TIME_MAX: Duration = Duration::from_millis(500);
/// Pause between two tries to listen.
const RETRY: Duration = Duration::from_millis(250);

/// This process among the others.
#[derive(Debug)]
pub struct Exchange {
    redis: Redis,
    signals: Signals,
    tail: Tail,
}

impl Exchange {
    /// What is said on these signals, and where this tail goes, is told to the others; what they say is said here.
    #[must_use]
    pub fn new(redis: Redis, signals: Signals, tail: Tail) -> Self {
        signals.keep_outgoing();
        Self {
            redis,
            signals,
            tail,
        }
    }

    /// Speaks and listens until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.speak() => {}
            () = self.listen() => {}
        }
        self.signals.0.hears.send_replace(false);
    }

    async fn speak(&self) {
        let mut told: Seq = 0;
        loop {
            tokio::select! {
                () = self.signals.0.said.notified() => {}
                _ = self.tail.beyond(told) => {}
            }
            let mut words = self.signals.take_outgoing();
            let tail = self.tail.newest();
            if tail > told {
                told = tail;
                words.insert(0, Word::Log(tail));
            }
            let lines: Vec<_> = words.iter().map(Word::to_string).collect();
            let mut publish = redis::cmd("PUBLISH");
            publish.arg(self.redis.name(CHANNEL)).arg(lines.join("\n"));
            // Lost with Redis; whoever does not hear it looks.
            let _: Result<(), RedisError> = self.redis.ask(&publish).await;
            tokio::time::sleep(COALESCE).await;
        }
    }

    async fn listen(&self) {
        loop {
            if let Ok(listening) = self.redis.listen(&self.redis.name(CHANNEL)).await {
                self.signals.0.hears.send_replace(true);
                self.hear(listening).await;
                self.signals.0.hears.send_replace(false);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Hears the others until the connection is lost.
    async fn hear(&self, listening: PubSub) {
        let (mut asking, mut messages) = listening.split();
        loop {
            match tokio::time::timeout(PING, messages.next()).await {
                Ok(Some(message)) => {
                    let text: String = message.get_payload().unwrap_or_default();
                    for word in text.lines().filter_map(|line| line.parse().ok()) {
                        self.heard(&word);
                    }
                }
                Ok(None) => return,
                Err(_) => {
                    let pong = tokio::time::timeout(PONG_TIME_MAX, asking.ping::<redis::Value>());
                    if !matches!(pong.await, Ok(Ok(_))) {
                        return;
                    }
                }
            }
        }
    }

    fn heard(&self, word: &Word) {
        if let Word::Log(seq) = word {
            self.tail.heard(*seq);
        }
        self.signals.heard(word);
    }
}
