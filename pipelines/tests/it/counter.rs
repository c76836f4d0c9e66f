//! A pipeline small enough to be checked by a fold of ten lines, with all that a pipeline can have: state, timers, refusals
//! and panics.

use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::ids::{TeamId, UserId};
use millstream_domain::team::TeamRole;
use millstream_event_log::Event;
use millstream_event_log::Record;
use millstream_event_log::events::member::{MemberEvent, Membership};
use millstream_event_log::record::NewEvent;
use millstream_event_log::testing::new_event;
use millstream_pipelines::{Context, Operator, Pipeline, Reject};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many events of a key arm its timer.
pub(crate) const ROUND: u64 = 3;
/// How long after the last of them it rings.
pub(crate) const REST: TimeDelta = TimeDelta::seconds(60);
/// The event's word that is refused.
pub(crate) const BAD: &str = "bad";
/// The event's word that panics.
pub(crate) const FATAL: &str = "fatal";

/// What the counter says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Said {
    /// The key has been counted so often.
    Counted(Uuid, u64),
    /// The key was quiet for a while after a whole round, and is forgotten.
    Rang(Uuid, DateTime<Utc>),
}

/// Counts events per key; after three of them a timer is set, which every further event puts off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counter;

/// What is remembered of a key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Count {
    count: u64,
    due: Option<DateTime<Utc>>,
}

impl Operator for Counter {
    type Key = Uuid;
    type In = String;
    type Out = Said;
    type State = Count;

    fn event(
        &self,
        cx: &mut Context<Said>,
        key: &Uuid,
        state: &mut Count,
        word: String,
    ) -> Result<(), Reject> {
        // Changed first, so that a refusal must undo it.
        state.count += 1;
        match word.as_str() {
            BAD => return Err(Reject("a bad word".into())),
            FATAL => panic!("a fatal word"),
            _ => {}
        }
        if state.count >= ROUND {
            state.due = Some(cx.at() + REST);
        }
        cx.emit(Said::Counted(*key, state.count));
        Ok(())
    }

    fn due(&self, state: &Count) -> Option<DateTime<Utc>> {
        state.due
    }

    fn timer(&self, cx: &mut Context<Said>, key: &Uuid, state: &mut Count) -> Result<(), Reject> {
        *state = Count::default();
        cx.emit(Said::Rang(*key, cx.at()));
        Ok(())
    }
}

/// The pipeline.
pub(crate) fn counter() -> Pipeline<Said> {
    Pipeline::keyed::<Counter>("counter", route, Counter)
}

fn route(record: &Record) -> Result<Vec<(Uuid, String)>, Reject> {
    match record.event().map_err(|e| Reject(e.to_string()))? {
        Event::Member(event) => Ok(vec![(record.key, event.membership().username.clone())]),
        _ => Ok(Vec::new()),
    }
}

/// The `n`th event, of this key, with this word.
pub(crate) fn event(n: u64, key: u128, word: &str) -> NewEvent {
    let membership = Membership {
        team_id: TeamId(Uuid::from_u128(key)),
        user_id: UserId(Uuid::nil()),
        username: word.into(),
        role: TeamRole::Member,
        role_before: None,
    };
    new_event(n, MemberEvent::Added(membership))
}

/// The same as a record, `n` seconds after the start.
pub(crate) fn record(n: u64, key: u128, word: &str) -> Record {
    Record::from_new(event(n, key, word), n, i64::try_from(n).unwrap())
}

/// What the counter must say, key by key, if it reads these records and then the clock shows `end`.
pub(crate) fn fold(records: &[Record], end: DateTime<Utc>) -> BTreeMap<Uuid, Vec<Said>> {
    let mut said: BTreeMap<Uuid, Vec<Said>> = BTreeMap::new();
    let mut counts: BTreeMap<Uuid, Count> = BTreeMap::new();
    for record in records {
        let Some((key, word)) = route(record).unwrap().pop() else {
            continue;
        };
        let said = said.entry(key).or_default();
        let count = counts.entry(key).or_default();
        ring(key, count, record.at, said);
        if word != BAD && word != FATAL {
            count.count += 1;
            if count.count >= ROUND {
                count.due = Some(record.at + REST);
            }
            said.push(Said::Counted(key, count.count));
        }
    }
    for (key, count) in &mut counts {
        ring(*key, count, end, said.entry(*key).or_default());
    }
    said
}

fn ring(key: Uuid, count: &mut Count, now: DateTime<Utc>, said: &mut Vec<Said>) {
    if let Some(due) = count.due.filter(|due| *due <= now) {
        *count = Count::default();
        said.push(Said::Rang(key, due));
    }
}

/// What was said, key by key, in the order it was said.
pub(crate) fn by_key<'a>(said: impl IntoIterator<Item = &'a Said>) -> BTreeMap<Uuid, Vec<Said>> {
    let mut keys: BTreeMap<Uuid, Vec<Said>> = BTreeMap::new();
    for one in said {
        let (Said::Counted(key, _) | Said::Rang(key, _)) = one;
        keys.entry(*key).or_default().push(one.clone());
    }
    keys
}
