//! The hub: reads the log's end once for the whole process, and tells the connections that listen.

use super::topic::{Topic, changed, comment, concerned, said, topics};
use crate::api::ActorBody;
use crate::state::AppState;
use millstream_domain::ids::UserId;
use millstream_event_log::{Budget, Cut, Event, LogError, Record, Seq};
use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

/// Connections at once: each takes a few KiB.
pub(super) const CONNECTIONS_MAX: usize = 20_000;
/// Signals that wait for one connection. A page that is that far behind asks again from the start.
const QUEUE: usize = 64;
/// Most records read at once.
const BUDGET: Budget = Budget {
    records: 500,
    bytes: 4 * 1024 * 1024,
};
/// How long the inboxes may take to show a record before those who may be told of it are told later.
const INBOX_PATIENCE: Duration = Duration::from_secs(5);
/// How many connections there are.
const LIVE_CONNECTIONS: &str = "millstream_live_connections";
/// Pause after the log could not be read.
const PAUSE: Duration = Duration::from_millis(500);

/// A word for a connection.
#[derive(Debug, Clone)]
pub(super) enum Word {
    /// Something changed: the record, its topic, and what is sent.
    Told(Seq, Topic, Arc<str>),
    /// The person's rights may have changed.
    AskAgain,
}

/// Who listens to what.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    ears: Mutex<Ears>,
    next: AtomicU64,
    /// The last record that was told.
    told: AtomicU64,
}

type EarId = u64;

#[derive(Debug, Default)]
struct Ears {
    all: HashMap<EarId, Ear>,
    by_topic: HashMap<Topic, BTreeSet<EarId>>,
    by_person: HashMap<UserId, BTreeSet<EarId>>,
}

#[derive(Debug)]
struct Ear {
    person: UserId,
    topics: BTreeSet<Topic>,
    queue: Sender<Word>,
}

/// A connection's end of its queue. Dropping it ends the listening.
#[derive(Debug)]
pub(super) struct Listener {
    hub: Hub,
    id: EarId,
    pub(super) words: Receiver<Word>,
}

impl Hub {
    fn ears(&self) -> MutexGuard<'_, Ears> {
        self.0.ears.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last record that connections were told of.
    pub(super) fn told(&self) -> Seq {
        self.0.told.load(Ordering::Acquire)
    }

    /// A new listener; `None` when there are too many.
    pub(super) fn listen(&self, person: UserId) -> Option<Listener> {
        let (queue, words) = mpsc::channel(QUEUE);
        let id = self.0.next.fetch_add(1, Ordering::Relaxed);
        let mut ears = self.ears();
        if ears.all.len() >= CONNECTIONS_MAX {
            return None;
        }
        let ear = Ear {
            person,
            topics: BTreeSet::new(),
            queue,
        };
        ears.all.insert(id, ear);
        ears.by_person.entry(person).or_default().insert(id);
        metrics::gauge!(LIVE_CONNECTIONS).set(as_f64(ears.all.len()));
        drop(ears);
        Some(Listener {
            hub: self.clone(),
            id,
            words,
        })
    }

    /// Tells the connections what happens, until told to stop; then lets go of all of them.
    pub async fn run(self, app: AppState, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.follow(&app) => {}
        }
        // Their queues end, and so do the connections.
        *self.ears() = Ears::default();
    }

    async fn follow(&self, app: &AppState) {
        let mut cut = loop {
            match app.log().bounds().await {
                Ok(bounds) => break Cut::at(bounds.tail),
                Err(error) => self.pause(&error).await,
            }
        };
        self.0.told.store(cut.seq, Ordering::Release);
        loop {
            match app.log().read(cut, BUDGET).await {
                Ok(batch) if batch.records.is_empty() => {
                    cut = batch.cut;
                    app.log().wait(cut).await;
                }
                Ok(batch) => {
                    cut = batch.cut;
                    self.tell(app, &batch.records).await;
                    self.0.told.store(cut.seq, Ordering::Release);
                }
                Err(error) => self.pause(&error).await,
            }
        }
    }

    async fn pause(&self, error: &LogError) {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "live connections cannot follow the log; trying again"
        );
        tokio::time::sleep(PAUSE).await;
    }

    async fn tell(&self, app: &AppState, records: &[Record]) {
        let mut may_tell_inboxes = false;
        let mut readers = BTreeSet::new();
        for record in records {
            // What this version cannot read it cannot show either.
            let Ok(event) = record.event() else { continue };
            for topic in topics(&event) {
                self.told_of(record.seq, topic);
            }
            self.talk(app, record, &event).await;
            if let Some(person) = concerned(&event) {
                self.send_to(person, &Word::AskAgain);
            }
            match event {
                Event::Task(_) | Event::Comment(_) | Event::Deadline(_) => may_tell_inboxes = true,
                Event::Notification(event) => {
                    readers.insert(event.user_id());
                }
                _ => {}
            }
        }
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        if may_tell_inboxes || !readers.is_empty() {
            self.inboxes(app, (first.seq, last.seq), readers).await;
        }
    }

    /// Everybody who listens to a topic hears that it changed.
    fn told_of(&self, seq: Seq, topic: Topic) {
        let ears = self.ears();
        if let Some(ids) = ears.by_topic.get(&topic).filter(|ids| !ids.is_empty()) {
            let word = Word::Told(seq, topic, changed(topic, seq).into());
            let ids: Vec<_> = ids.iter().copied().collect();
            Self::send(ears, &ids, &word);
        }
    }

    /// Comments are sent along to those who listen to their task.
    async fn talk(&self, app: &AppState, record: &Record, event: &Event) {
        let Some(comment) = comment(event) else {
            return;
        };
        let topic = Topic::Task(comment.task.id);
        if !self.ears().by_topic.contains_key(&topic) {
            return;
        }
        let names = app.store().names(&[comment.author]).await;
        let names = names.unwrap_or_default();
        let author = names.get(&comment.author).map(ActorBody::from);
        let word = Word::Told(
            record.seq,
            topic,
            said(record, comment, author.as_ref()).into(),
        );
        let ears = self.ears();
        let ids: Vec<_> = ears
            .by_topic
            .get(&topic)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        Self::send(ears, &ids, &word);
    }

    /// Those whose inbox these records changed hear of it, once their inbox shows it.
    async fn inboxes(&self, app: &AppState, (first, last): (Seq, Seq), readers: BTreeSet<UserId>) {
        let shown = app.signals().reached("notifications", last);
        if tokio::time::timeout(INBOX_PATIENCE, shown).await.is_err() {
            return;
        }
        let people: Vec<UserId> = {
            let ears = self.ears();
            let listening = ears.by_topic.keys().filter_map(|topic| match topic {
                Topic::Notifications(person) => Some(*person),
                _ => None,
            });
            listening.collect()
        };
        if people.is_empty() {
            return;
        }
        match app.store().told_between(&people, first, last).await {
            Ok(told) => {
                for person in readers.into_iter().chain(told).collect::<BTreeSet<_>>() {
                    self.told_of(last, Topic::Notifications(person));
                }
            }
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nobody could be told of new notifications"
            ),
        }
    }

    fn send_to(&self, person: UserId, word: &Word) {
        let ears = self.ears();
        let ids: Vec<_> = ears
            .by_person
            .get(&person)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        Self::send(ears, &ids, word);
    }

    /// Sends without waiting. Whoever does not keep up is let go: their queue ends.
    fn send(mut ears: MutexGuard<'_, Ears>, ids: &[EarId], word: &Word) {
        let slow: Vec<EarId> = ids
            .iter()
            .copied()
            .filter(|id| {
                let ear = ears.all.get(id);
                ear.is_some_and(|ear| ear.queue.try_send(word.clone()).is_err())
            })
            .collect();
        for id in slow {
            ears.remove(id);
        }
    }
}

impl Ears {
    fn remove(&mut self, id: EarId) {
        let Some(ear) = self.all.remove(&id) else {
            return;
        };
        for topic in ear.topics {
            forget(&mut self.by_topic, &topic, id);
        }
        forget(&mut self.by_person, &ear.person, id);
        metrics::gauge!(LIVE_CONNECTIONS).set(as_f64(self.all.len()));
    }
}

fn forget<K: Eq + std::hash::Hash>(ids: &mut HashMap<K, BTreeSet<EarId>>, key: &K, id: EarId) {
    if let Some(of_key) = ids.get_mut(key) {
        of_key.remove(&id);
        if of_key.is_empty() {
            ids.remove(key);
        }
    }
}

impl Listener {
    /// Listens to exactly these topics from now on.
    pub(super) fn set(&self, topics: BTreeSet<Topic>) {
        let mut ears = self.hub.ears();
        let Some(ear) = ears.all.get_mut(&self.id) else {
            return;
        };
        let before = std::mem::replace(&mut ear.topics, topics.clone());
        for topic in before.difference(&topics) {
            forget(&mut ears.by_topic, topic, self.id);
        }
        for topic in topics {
            ears.by_topic.entry(topic).or_default().insert(self.id);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.hub.ears().remove(self.id);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of connections are small"
)]
fn as_f64(count: usize) -> f64 {
    count as f64
}
