//! What operators do with keys: `keys rotate`, `keys retire`, `keys list`.

use super::folder::{self, Found};
use super::{KEYS_MAX, KeyError, KeySet, KeyState, Keys, PUBLISHED_BEFORE};
use chrono::{DateTime, Utc};
use std::sync::Arc;

/// A key, as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyLine {
    /// Its id.
    pub kid: String,
    /// Since when it is there.
    pub made: DateTime<Utc>,
    /// What it does.
    pub state: KeyState,
}

/// The keys, as the operator sees them.
#[derive(Debug)]
pub struct Listing {
    /// Oldest first.
    pub keys: Vec<KeyLine>,
    /// Files that are no keys and should be, each with what it is.
    pub odd: Vec<String>,
}

impl Keys {
    /// Makes a key, which signs after [`PUBLISHED_BEFORE`], or at once and then instead of all that were to sign later.
    pub async fn rotate(&self, at_once: bool) -> Result<KeyLine, KeyError> {
        self.look().await;
        if self.set().len() >= KEYS_MAX {
            return Err(KeyError::TooMany { max: KEYS_MAX });
        }
        let made = self.0.clock.now();
        let signs_from = if at_once {
            made
        } else {
            made + PUBLISHED_BEFORE
        };
        let kid = self
            .with_folder(move |folder| folder::make(folder, made, signs_from))
            .await?;
        self.look().await;
        let state = if at_once {
            KeyState::Signing
        } else {
            KeyState::Published { signs_from }
        };
        Ok(KeyLine { kid, made, state })
    }

    /// Retires a key. One that signs, or whose tokens may still be good, only with `force`; the only one never.
    pub async fn retire(&self, kid: &str, force: bool) -> Result<KeyLine, KeyError> {
        self.look().await;
        let (set, now) = (self.set(), self.0.clock.now());
        let found = set.states(now).find(|(key, _)| key.id == kid);
        let Some((key, state)) = found.map(|(key, state)| (Arc::clone(key), state)) else {
            let listed = self.list().await?;
            let retired = listed.keys.iter().any(|line| line.kid == kid);
            let error = if retired {
                KeyError::RetiredAlready
            } else {
                KeyError::Unknown
            };
            return Err(error(kid.to_owned()));
        };
        if set.len() == 1 {
            return Err(KeyError::Only(key.id.clone()));
        }
        if !force {
            may_retire(&key.id, state, now)?;
        }
        let line = KeyLine {
            kid: key.id.clone(),
            made: key.made,
            state: KeyState::Retired { at: now },
        };
        self.with_folder(move |folder| folder::retire(folder, &key, now))
            .await?;
        self.look().await;
        Ok(line)
    }

    /// All keys, the retired ones included.
    pub async fn list(&self) -> Result<Listing, KeyError> {
        let now = self.0.clock.now();
        let found = self.with_folder(folder::read).await?;
        let odd = oddities(&found).collect();
        let mut keys: Vec<_> = found
            .retired
            .into_iter()
            .map(|key| KeyLine {
                kid: key.id,
                made: key.made,
                state: KeyState::Retired { at: key.retired },
            })
            .collect();
        if let Some(set) = KeySet::new(found.keys) {
            keys.extend(set.states(now).map(|(key, state)| KeyLine {
                kid: key.id.clone(),
                made: key.made,
                state,
            }));
        }
        keys.sort_by_key(|line| line.made);
        Ok(Listing { keys, odd })
    }
}

fn may_retire(kid: &str, state: KeyState, now: DateTime<Utc>) -> Result<(), KeyError> {
    let kid = kid.to_owned();
    match state {
        KeyState::Published { .. } | KeyState::Signing => Err(KeyError::Signs(kid)),
        KeyState::Verifying { until } if until > now => Err(KeyError::StillNeeded { kid, until }),
        KeyState::Verifying { .. } | KeyState::Superseded => Ok(()),
        KeyState::Retired { .. } => Err(KeyError::RetiredAlready(kid)),
    }
}

fn oddities(found: &Found) -> impl Iterator<Item = String> {
    let unfinished = found.unfinished.iter().map(|path| {
        format!(
            "\"{}\" was never finished, and is not used: a rotation was cut off, or is under way. Once it is old it can be deleted",
            path.display()
        )
    });
    let unusable = found.unusable.iter().map(|error| match error {
        KeyError::File { .. } => format!("{error}; what was read of it before is used"),
        error => format!("{error}; it is not used"),
    });
    unfinished.chain(unusable)
}
