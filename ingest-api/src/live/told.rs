//! What a record says to those who listen: one message for each topic it concerns, then the comment, where it is about one.
//!
//! *Invariant:* the messages follow from the record alone, in one order; what is told live and what is told after a break are
//! the same.

use super::place::Place;
use super::topic::{Topic, comment_value, topics};
use crate::api::ActorBody;
use crate::state::AppState;
use millstream_domain::ids::UserId;
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::{Event, Seq};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// What a record says.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Which record.
    pub(super) seq: Seq,
    topics: Box<[Topic]>,
    comment: Option<Said>,
}

/// A comment, and whose task it is on.
#[derive(Debug)]
struct Said {
    topic: Topic,
    value: Box<RawValue>,
}

/// A message, before it is written for somebody.
#[derive(Debug, Serialize)]
struct Frame<'t> {
    #[serde(rename = "type")]
    kind: &'static str,
    topic: String,
    position: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'t RawValue>,
}

impl Told {
    /// What a record says, but for its comment.
    pub(super) fn of(seq: Seq, event: &Event) -> Self {
        Self {
            seq,
            topics: topics(event).into_iter().collect(),
            comment: None,
        }
    }

    /// Adds the comment. Its author's name is looked up: that is for those alone whom somebody hears.
    pub(super) async fn say(&mut self, app: &AppState, comment: &CommentState) {
        let names = app.store().names(&[comment.author]).await;
        // A comment without its author's name is better than none.
        let names = names.unwrap_or_default();
        let author = names.get(&comment.author).map(ActorBody::from);
        let value = comment_value(comment, author.as_ref());
        self.comment = Some(Said {
            topic: Topic::Task(comment.task.id),
            value: to_raw_value(&value).expect("a comment is plain data"),
        });
    }

    /// Whether the comment was added.
    pub(super) fn has_said(&self) -> bool {
        self.comment.is_some()
    }

    /// Its topics.
    pub(super) fn topics(&self) -> impl Iterator<Item = Topic> {
        self.topics.iter().copied()
    }

    /// The messages for somebody who hears of some topics, and was told the first `done` messages before. The last of them,
    /// and no other, takes the place past this record.
    pub(super) fn messages(
        &self,
        done: usize,
        inbox: Seq,
        hears: impl Fn(Topic) -> bool,
    ) -> Vec<String> {
        let changed = self.topics.iter().map(|topic| (*topic, None));
        let said = self
            .comment
            .iter()
            .map(|said| (said.topic, Some(&*said.value)));
        let mut wanted = changed
            .chain(said)
            .enumerate()
            .skip(done)
            .filter(|(_, (topic, _))| hears(*topic))
            .peekable();
        let mut messages = Vec::new();
        while let Some((index, (topic, comment))) = wanted.next() {
            let place = if wanted.peek().is_some() {
                Place {
                    seq: self.seq - 1,
                    part: index + 1,
                    inbox: inbox.min(self.seq - 1),
                }
            } else {
                Place {
                    seq: self.seq,
                    part: 0,
                    inbox,
                }
            };
            messages.push(frame(topic, place, comment));
        }
        messages
    }

    /// The comment, as it is sent to those who talk about its task.
    pub(super) fn comment(&self) -> Option<String> {
        let said = self.comment.as_ref()?;
        Some(frame(said.topic, Place::at(self.seq), Some(&said.value)))
    }
}

/// What somebody is told of their inbox.
pub(super) fn inbox_changed(person: UserId, place: Place) -> String {
    frame(Topic::Notifications(person), place, None)
}

fn frame(topic: Topic, place: Place, comment: Option<&RawValue>) -> String {
    let frame = Frame {
        kind: if comment.is_some() {
            "comment"
        } else {
            "changed"
        },
        topic: topic.to_string(),
        position: place.to_string(),
        comment,
    };
    serde_json::to_string(&frame).expect("a message is plain data")
}

#[cfg(test)]
mod tests {
    use super::*;
    use millstream_domain::ids::{ProjectId, TaskId};
    use serde_json::{Value, json};
    use uuid::Uuid;

    const TASK: Topic = Topic::Task(TaskId(Uuid::from_u128(1)));
    const PROJECT: Topic = Topic::Project(ProjectId(Uuid::from_u128(2)));

    fn told() -> Told {
        Told {
            seq: 120,
            topics: Box::new([TASK, PROJECT]),
            comment: Some(Said {
                topic: TASK,
                value: to_raw_value(&json!({"body": "Squeak"})).unwrap(),
            }),
        }
    }

    /// Type and position of each message.
    #[track_caller]
    fn check(done: usize, inbox: Seq, hears: &[Topic], expected: &[(&str, &str)]) {
        let messages = told().messages(done, inbox, |topic| hears.contains(&topic));
        let messages: Vec<Value> = messages
            .iter()
            .map(|message| serde_json::from_str(message).unwrap())
            .collect();
        let found: Vec<(&str, &str)> = messages
            .iter()
            .map(|message| {
                (
                    message["type"].as_str().unwrap(),
                    message["position"].as_str().unwrap(),
                )
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn only_the_last_message_of_a_record_takes_the_place_past_it() {
        let both = [
            ("changed", "s119+1"),
            ("changed", "s119+2"),
            ("comment", "s120"),
        ];
        check(0, 120, &[TASK, PROJECT], &both);
        check(1, 120, &[TASK, PROJECT], &both[1..]);
        check(2, 120, &[TASK, PROJECT], &both[2..]);
        check(0, 120, &[PROJECT], &[("changed", "s120")]);
        check(
            0,
            120,
            &[TASK],
            &[("changed", "s119+1"), ("comment", "s120")],
        );
        check(0, 120, &[], &[]);
    }

    #[test]
    fn an_inbox_that_is_behind_has_its_own_place() {
        check(
            0,
            110,
            &[TASK],
            &[("changed", "s119+1.110"), ("comment", "s120.110")],
        );
    }
}
