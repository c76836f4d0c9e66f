//! Who listens to what, and how far they have been told. Nothing here waits.

use super::{Full, Since, Word};
use crate::live::limits::LiveLimits;
use crate::live::told::Told;
use crate::live::topic::Topic;
use millstream_domain::ids::UserId;
use millstream_domain::network::Network;
use millstream_event_log::Seq;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::sync::Arc;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Words that wait for one connection. A page that is that far behind asks again from the start.
const QUEUE: usize = 64;
/// People who read notifications and whose inbox does not show it yet. While the view is that far behind, only those are
/// noted who listen by then.
const READERS_MAX: usize = 100_000;
/// How many connections there are.
const LIVE_CONNECTIONS: &str = "millstream_live_connections";
/// How many were let go because they did not keep up.
const LIVE_DROPPED: &str = "millstream_live_dropped_total";

pub(in crate::live) type EarId = u64;

type Ids = BTreeSet<EarId>;

#[derive(Debug, Default)]
pub(super) struct Ears {
    all: HashMap<EarId, Ear>,
    by_topic: HashMap<Topic, Ids>,
    by_person: HashMap<UserId, Ids>,
    by_network: HashMap<Network, Ids>,
    next: EarId,
    /// The last record that was told.
    told: Seq,
    /// The last record that inboxes were told of.
    inbox: Seq,
    /// The last record that may have changed one.
    stirred: Seq,
    /// Who read notifications lately, and with which record: told once their inbox shows it, to all who listen by then.
    readers: BTreeMap<UserId, Seq>,
    closed: bool,
}

#[derive(Debug)]
struct Ear {
    person: UserId,
    network: Option<Network>,
    topics: BTreeSet<Topic>,
    queue: Sender<Word>,
}

impl Ears {
    /// One more, if there is room.
    pub(super) fn add(
        &mut self,
        limits: &LiveLimits,
        person: UserId,
        network: Option<Network>,
    ) -> Result<(EarId, Receiver<Word>), Full> {
        if self.closed || self.all.len() >= limits.connections {
            return Err(Full::Server);
        }
        if count(&self.by_person, &person) >= limits.person.get() {
            return Err(Full::Person);
        }
        if network.is_some_and(|network| count(&self.by_network, &network) >= limits.address.get())
        {
            return Err(Full::Address);
        }
        let (queue, words) = mpsc::channel(QUEUE);
        let id = self.next;
        self.next += 1;
        self.by_person.entry(person).or_default().insert(id);
        if let Some(network) = network {
            self.by_network.entry(network).or_default().insert(id);
        }
        let ear = Ear {
            person,
            network,
            topics: BTreeSet::new(),
            queue,
        };
        self.all.insert(id, ear);
        self.gauge();
        Ok((id, words))
    }

    pub(super) fn remove(&mut self, id: EarId) {
        let Some(ear) = self.all.remove(&id) else {
            return;
        };
        for topic in ear.topics {
            forget(&mut self.by_topic, &topic, id);
        }
        forget(&mut self.by_person, &ear.person, id);
        if let Some(network) = ear.network {
            forget(&mut self.by_network, &network, id);
        }
        self.gauge();
    }

    /// Somebody listens to exactly these topics from now on.
    pub(super) fn set(&mut self, id: EarId, topics: BTreeSet<Topic>) -> Since {
        let since = Since {
            log: self.told,
            inbox: self.inbox,
        };
        let Some(ear) = self.all.get_mut(&id) else {
            return since;
        };
        let before = std::mem::replace(&mut ear.topics, topics.clone());
        for topic in before.difference(&topics) {
            forget(&mut self.by_topic, topic, id);
        }
        for topic in topics {
            self.by_topic.entry(topic).or_default().insert(id);
        }
        since
    }

    /// Begins to tell after this record. Who listened before missed what they could not be told: they connect again.
    pub(super) fn begin(&mut self, tail: Seq) {
        self.let_go();
        (self.told, self.inbox, self.stirred) = (tail, tail, tail);
    }

    /// Lets go of everybody, for good.
    pub(super) fn close(&mut self) {
        self.closed = true;
        self.let_go();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    fn let_go(&mut self) {
        *self = Self {
            next: self.next,
            told: self.told,
            inbox: self.inbox,
            stirred: self.stirred,
            closed: self.closed,
            ..Self::default()
        };
        self.gauge();
    }

    pub(super) fn is_heard(&self, topic: Topic) -> bool {
        self.by_topic.contains_key(&topic)
    }

    /// Everybody who listens to a topic of the record hears of it. `stirs`: it may change inboxes.
    pub(super) fn tell(&mut self, told: Option<Told>, seq: Seq, stirs: bool) {
        if stirs {
            self.stirred = seq;
        } else if self.inbox == self.told {
            // Where nothing stirred since, inboxes are as far as the log.
            self.inbox = seq;
        }
        self.told = seq;
        let Some(told) = told else { return };
        let topics = told.topics();
        let ids: Ids = topics.flat_map(|t| self.listeners(t)).collect();
        if ids.is_empty() {
            return;
        }
        let word = Word::Record(Arc::new(told), self.inbox);
        self.send(ids, &word);
    }

    pub(super) fn ask_again(&mut self, person: UserId) {
        let ids = self.by_person.get(&person).cloned().unwrap_or_default();
        self.send(ids, &Word::AskAgain);
    }

    pub(super) fn check(&mut self, topic: Topic) {
        self.send(self.listeners(topic), &Word::Check(topic));
    }

    /// Notes that somebody read notifications. They need not listen yet: they may begin to before their inbox shows it.
    pub(super) fn has_read(&mut self, person: UserId, seq: Seq) {
        if self.readers.len() < READERS_MAX || self.is_heard(Topic::Notifications(person)) {
            self.readers.insert(person, seq);
        }
    }

    /// What inboxes are to be told of, when their view has come to `shown`.
    pub(super) fn inboxes(&self, shown: Seq) -> Inboxes {
        let listeners = self.by_topic.keys().filter_map(|topic| match topic {
            Topic::Notifications(person) => Some(*person),
            Topic::Task(_) | Topic::Project(_) => None,
        });
        Inboxes {
            first: self.inbox + 1,
            // Behind the last that stirred there is nothing that the view could show.
            until: if self.stirred <= shown {
                self.told
            } else {
                shown.min(self.told)
            },
            listeners: listeners.collect(),
        }
    }

    /// These people and those who read something by then hear that their inboxes changed.
    pub(super) fn tell_inboxes(&mut self, people: Vec<UserId>, until: Seq) {
        self.inbox = self.inbox.max(until);
        let (now, later) = std::mem::take(&mut self.readers)
            .into_iter()
            .partition(|(_, seq)| *seq <= until);
        self.readers = later;
        let now: BTreeMap<UserId, Seq> = now;
        let people: BTreeSet<UserId> = people.into_iter().chain(now.into_keys()).collect();
        let word = Word::Inbox {
            inbox: self.inbox,
            log: self.told,
        };
        for person in people {
            self.send(self.listeners(Topic::Notifications(person)), &word);
        }
    }

    fn listeners(&self, topic: Topic) -> Ids {
        self.by_topic.get(&topic).cloned().unwrap_or_default()
    }

    /// Sends without waiting. Whoever does not keep up is let go: their queue ends.
    fn send(&mut self, ids: Ids, word: &Word) {
        for id in ids {
            let ear = self.all.get(&id);
            if ear.is_some_and(|ear| ear.queue.try_send(word.clone()).is_err()) {
                metrics::counter!(LIVE_DROPPED).increment(1);
                self.remove(id);
            }
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of connections are small"
    )]
    fn gauge(&self) {
        metrics::gauge!(LIVE_CONNECTIONS).set(self.all.len() as f64);
    }
}

/// What inboxes are to be told of.
#[derive(Debug)]
pub(super) struct Inboxes {
    pub(super) first: Seq,
    pub(super) until: Seq,
    pub(super) listeners: Vec<UserId>,
}

fn count<K: Eq + Hash>(ids: &HashMap<K, Ids>, key: &K) -> usize {
    ids.get(key).map_or(0, BTreeSet::len)
}

fn forget<K: Eq + Hash>(ids: &mut HashMap<K, Ids>, key: &K, id: EarId) {
    if let Some(of_key) = ids.get_mut(key) {
        of_key.remove(&id);
        if of_key.is_empty() {
            ids.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn who_read_and_begins_to_listen_before_the_inbox_shows_it_is_told() {
        let reader = UserId(Uuid::from_u128(1));
        let mut ears = Ears::default();
        ears.has_read(reader, 7);
        ears.tell(None, 7, true);
        let (id, mut words) = ears.add(&LiveLimits::default(), reader, None).unwrap();
        let since = ears.set(id, BTreeSet::from([Topic::Notifications(reader)]));
        assert_eq!((since.log, since.inbox), (7, 0));
        ears.tell_inboxes(Vec::new(), 6);
        assert!(words.try_recv().is_err(), "the inbox does not show it yet");
        ears.tell_inboxes(Vec::new(), 7);
        let word = words.try_recv();
        assert!(
            matches!(word, Ok(Word::Inbox { inbox: 7, log: 7 })),
            "{word:?}"
        );
        ears.tell_inboxes(Vec::new(), 7);
        assert!(words.try_recv().is_err(), "it was told");
    }
}
