//! What a connection missed while it was broken, read from the log: the same messages that it would have been told.

use super::Connection;
use crate::live::place::{Brought, Place};
use crate::live::socket::End;
use crate::live::told::{Told, inbox_changed};
use crate::live::topic::{Topic, comment};
use millstream_event_log::{Budget, Cut, Event, Record, Seq};
use serde_json::json;

/// Most records that are read again. Who missed more asks for everything anew, which is cheaper.
const RECORDS_MAX: u64 = 5_000;
/// Most records of one read: as much as may wait for a slow client to take it.
const BUDGET: Budget = Budget {
    records: 500,
    bytes: 1024 * 1024,
};

/// Something that keeps us from looking back: too much was missed, or the log does not answer.
#[derive(Debug, Clone, Copy)]
struct TooFar;

impl Connection {
    /// Tells what came after a position, up to what is told anyway; or that it was too much.
    pub(super) async fn resume(&mut self, brought: Brought) -> Result<(), End> {
        self.may_resume = false;
        let told = match self.place_of(brought).await {
            Ok(after) => {
                let told = self.look_back(after).await?;
                if told.is_ok() {
                    self.resumed = after;
                    self.skip_to(after);
                }
                told
            }
            Err(too_far) => Err(too_far),
        };
        if told.is_err() {
            let position = self.position().to_string();
            let text = json!({"type": "behind", "position": position}).to_string();
            self.socket.send(text).await?;
        }
        self.tell_ready().await
    }

    async fn place_of(&mut self, brought: Brought) -> Result<Place, TooFar> {
        let after = match brought {
            Brought::Place(place) => place,
            Brought::Write(id) => match self.app.log().seq_of(id).await {
                Ok(Some(seq)) => Place::at(seq),
                Ok(None) | Err(_) => return Err(TooFar),
            },
        };
        if after.seq > self.place.seq {
            // Another node may be ahead of this one, but nobody of the log.
            let bounds = self.app.log().bounds().await.map_err(|_| TooFar)?;
            if after.seq > bounds.tail {
                return Err(TooFar);
            }
        }
        Ok(after)
    }

    /// From here on, what was told by the connection before is not told again.
    fn skip_to(&mut self, after: Place) {
        for (topic, since) in &mut self.topics {
            *since = match topic {
                Topic::Notifications(_) => (*since).max(after.inbox),
                Topic::Task(_) | Topic::Project(_) => (*since).max(after.seq),
            };
        }
        self.place = Place {
            inbox: self.place.inbox.max(after.inbox),
            ..if after.seq >= self.place.seq {
                after
            } else {
                self.place
            }
        };
    }

    /// Tells what stands in the log between `after` and what each topic is told of anyway.
    async fn look_back(&mut self, after: Place) -> Result<Result<(), TooFar>, End> {
        let own = Topic::Notifications(self.guest.caller.id);
        let inbox = self.topics.get(&own).copied().unwrap_or(after.inbox);
        let heard = self.topics.iter().filter(|(topic, _)| **topic != own);
        let until = heard.map(|(_, since)| *since).max().unwrap_or(after.seq);
        let until = until.max(inbox);
        let mut cut = Cut::at(if inbox > after.inbox {
            after.inbox
        } else {
            after.seq
        });
        if until.saturating_sub(cut.seq) > RECORDS_MAX {
            return Ok(Err(TooFar));
        }
        let mut has_read = false;
        while cut.seq < until {
            let Ok((messages, next, read)) = self.batch(cut, until, after).await else {
                return Ok(Err(TooFar));
            };
            if next == cut {
                break;
            }
            (cut, has_read) = (next, has_read || read);
            for message in messages {
                self.socket.send(message).await?;
            }
        }
        if inbox <= after.inbox {
            return Ok(Ok(()));
        }
        let person = self.guest.caller.id;
        let told = self.app.store();
        let told = told.told_between(&[person], after.inbox + 1, inbox).await;
        match told {
            Err(_) => Ok(Err(TooFar)),
            Ok(told) if told.is_empty() && !has_read => Ok(Ok(())),
            Ok(_) => {
                let place = Place {
                    seq: after.seq.max(until),
                    part: 0,
                    inbox,
                };
                self.socket.send(inbox_changed(person, place)).await?;
                Ok(Ok(()))
            }
        }
    }

    /// What one batch of the log says to this connection, where that ends, and whether they read something of their inbox.
    async fn batch(
        &mut self,
        cut: Cut,
        until: Seq,
        after: Place,
    ) -> Result<(Vec<String>, Cut, bool), TooFar> {
        let app = self.app.clone();
        let _turn = app.hub().turn().await;
        let batch = self.app.log().read(cut, BUDGET).await;
        let batch = batch.map_err(|_| TooFar)?;
        let mut messages = Vec::new();
        let mut has_read = false;
        for record in batch.records.iter().filter(|record| record.seq <= until) {
            let Ok(event) = record.event() else { continue };
            has_read |= self.is_own_reading(record, &event, after);
            if let Some(done) = after.told_of(record.seq) {
                messages.extend(self.messages(record, &event, done, after.inbox).await);
            }
        }
        Ok((messages, batch.cut, has_read))
    }

    fn is_own_reading(&self, record: &Record, event: &Event, after: Place) -> bool {
        let person = self.guest.caller.id;
        let own = self.topics.get(&Topic::Notifications(person));
        let is_missed = own.is_some_and(|since| (after.inbox + 1..=*since).contains(&record.seq));
        is_missed && matches!(event, Event::Notification(event) if event.user_id() == person)
    }

    /// What a record says to this connection of all that it is not told anyway.
    async fn messages(
        &mut self,
        record: &Record,
        event: &Event,
        done: usize,
        inbox: Seq,
    ) -> Vec<String> {
        let hears = |topic| {
            let since = self.topics.get(&topic);
            since.is_some_and(|since| record.seq <= *since)
        };
        let mut told = Told::of(record.seq, event);
        let said = comment(event).filter(|comment| hears(Topic::Task(comment.task.id)));
        if let Some(comment) = said {
            told.say(&self.app, comment).await;
        }
        let own = Topic::Notifications(self.guest.caller.id);
        let inbox = if self.topics.contains_key(&own) {
            inbox
        } else {
            record.seq
        };
        told.messages(done, inbox, hears)
    }
}
