//! The keys at a moment, and which of them does what. All of it follows from the keys and the time alone, so every node that
//! reads the same folder comes to the same answer without asking the others.
//!
//! ```text
//!            made          signs from                    the next signs     + TOKENS_LIVE_MAX
//!             │                │                               │                   │
//!  a key:     ├── published ───┼────────── signing ────────────┼──── verifying ────┼── can be retired
//! ```
//!
//! A key that was made later and signs sooner (`rotate --at-once`) supersedes those that were made before it and do not sign
//! yet: they never will. Whoever has read the key that signs may have read them too.

use super::key::Key;
use crate::auth::token;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::JwkSet;
use std::cmp::Ordering;
use std::sync::Arc;

/// How far the clocks of nodes may be apart: so much longer than it should, one may sign with the key before.
const CLOCKS_APART_MAX: TimeDelta = TimeDelta::seconds(60);

/// Keys; never none.
#[derive(Debug)]
pub(crate) struct KeySet {
    /// By the time from which they sign.
    keys: Vec<Arc<Key>>,
    /// Those that another one has overtaken before they signed.
    superseded: Vec<Arc<Key>>,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is shown to everybody who checks tokens, and will sign.
    Published {
        /// From when.
        signs_from: DateTime<Utc>,
    },
    /// It signs.
    Signing,
    /// It checks tokens that it signed before another one took over.
    Verifying {
        /// When the last of them has expired, and it can be retired.
        until: DateTime<Utc>,
    },
    /// Another one was made after it and signs instead of it. It has signed nothing, and never will.
    Superseded,
    /// It is not believed any more.
    Retired {
        /// Since when.
        at: DateTime<Utc>,
    },
}

impl KeySet {
    /// These keys; `None` if there are none.
    pub(super) fn new(keys: Vec<Key>) -> Option<Self> {
        Self::of(keys.into_iter().map(Arc::new).collect())
    }

    /// The same of keys that somebody has.
    pub(super) fn of(mut keys: Vec<Arc<Key>>) -> Option<Self> {
        keys.sort_by(|a, b| (a.signs_from, &a.id).cmp(&(b.signs_from, &b.id)));
        let overtakes = |by: &Key, key: &Key| by.made > key.made && by.signs_from <= key.signs_from;
        let is_superseded = |key: &Arc<Key>| keys.iter().any(|by| overtakes(by, key));
        // The one that was made last is overtaken by none, so there is always one that signs.
        let (superseded, keys): (Vec<_>, Vec<_>) = keys.iter().cloned().partition(is_superseded);
        (!keys.is_empty()).then_some(Self { keys, superseded })
    }

    /// The key that signs now: the newest whose time has come.
    pub(crate) fn signer(&self, now: DateTime<Utc>) -> &Arc<Key> {
        &self.keys[self.signing(now)]
    }

    fn signing(&self, now: DateTime<Utc>) -> usize {
        let come = self.keys.partition_point(|key| key.signs_from <= now);
        // Before the time of all of them, the first: somebody has to sign.
        come.saturating_sub(1)
    }

    /// How long the key that signs now still does; `None` if no other is to take over.
    pub(crate) fn signs_for(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        let next = self.keys.get(self.signing(now) + 1)?;
        Some((next.signs_from - now).max(TimeDelta::zero()))
    }

    /// The key of this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Arc<Key>> {
        self.iter().find(|key| key.id == id)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Key>> {
        self.superseded.iter().chain(&self.keys)
    }

    /// The public halves of all of them, those first that sign last.
    pub(crate) fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: self.iter().rev().map(|key| key.public.clone()).collect(),
        }
    }

    /// What each of them does.
    pub(super) fn states(&self, now: DateTime<Utc>) -> impl Iterator<Item = (&Arc<Key>, KeyState)> {
        let signing = self.signing(now);
        let superseded = self.superseded.iter();
        let superseded = superseded.map(|key| (key, KeyState::Superseded));
        superseded.chain(self.keys.iter().enumerate().map(move |(n, key)| {
            let state = match n.cmp(&signing) {
                Ordering::Equal => KeyState::Signing,
                Ordering::Greater => KeyState::Published {
                    signs_from: key.signs_from,
                },
                Ordering::Less => KeyState::Verifying {
                    until: self.keys[n + 1].signs_from + tokens_live_max(),
                },
            };
            (key, state)
        }))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len() + self.superseded.len()
    }
}

/// How long after it last signed a key may be needed.
fn tokens_live_max() -> TimeDelta {
    token::LIFETIME + token::LEEWAY + CLOCKS_APART_MAX
}

#[cfg(test)]
mod tests {
    use super::super::key::fresh;
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_225_600 + seconds, 0).expect("within range")
    }

    fn key(signs_from: i64) -> Key {
        made(signs_from, signs_from)
    }

    fn made(made: i64, signs_from: i64) -> Key {
        let (name, text) = fresh(at(made), at(signs_from)).expect("a key is made");
        Key::read(&name, &text).expect("a fresh key is read")
    }

    #[test]
    fn a_key_that_signs_at_once_supersedes_those_that_were_only_published() {
        let keys = [made(0, 0), made(60, 150), made(100, 100), made(200, 290)];
        let ids = keys.each_ref().map(|key| key.id.clone());
        let set = KeySet::new(keys.into()).expect("keys");
        for (now, signer) in [(99, 0), (100, 2), (150, 2), (289, 2), (290, 3)] {
            assert_eq!(set.signer(at(now)).id, ids[signer], "at {now}");
        }
        let state = |now, which: usize| {
            let mut states = set.states(at(now));
            states
                .find(|(key, _)| key.id == ids[which])
                .map(|(_, state)| state)
        };
        assert_eq!(state(151, 1), Some(KeyState::Superseded));
        assert_eq!(state(151, 2), Some(KeyState::Signing));
        let until = at(100 + 15 * 60 + 5 + 60);
        assert_eq!(state(151, 0), Some(KeyState::Verifying { until }));
        // It is known until it is retired, like the others.
        assert_eq!((set.len(), set.jwks().keys.len()), (4, 4));
        assert!(set.find(&ids[1]).is_some());
    }

    #[test]
    fn a_key_is_published_signs_and_is_needed_until_its_last_token_has_expired() {
        let (first, second) = (key(0), key(90));
        let ids = [first.id.clone(), second.id.clone()];
        let set = KeySet::new(vec![second, first]).expect("two keys");
        let states = |now| {
            let states = set.states(at(now)).map(|(key, state)| {
                assert!(ids.contains(&key.id));
                state
            });
            states.collect::<Vec<_>>()
        };
        let published = KeyState::Published { signs_from: at(90) };
        let until = at(90 + 15 * 60 + 5 + 60);
        assert_eq!(states(89), [KeyState::Signing, published]);
        assert_eq!(set.signs_for(at(80)), Some(TimeDelta::seconds(10)));
        assert_eq!(
            states(90),
            [KeyState::Verifying { until }, KeyState::Signing]
        );
        assert_eq!(set.signer(at(90)).id, ids[1]);
        assert_eq!(set.signs_for(at(90)), None);
        // A node whose clock is far behind signs with what there is.
        assert_eq!(set.signer(at(-10)).id, ids[0]);
    }
}
