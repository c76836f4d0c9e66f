//! The keys that access tokens are signed with, while they change. A key is published for [`PUBLISHED_BEFORE`] before it
//! signs, so that whoever checks tokens knows it by then, and checks for as long as a token of its may live.
//!
//! Several nodes may share the folder. Each looks at it every [`LOOK_EVERY`], and at once when a token names a key that it
//! does not know: so also a key that signs without having been published first (`rotate --at-once`) is known to all from its
//! first token on. Looks are [`LOOK_PAUSE`] apart; who comes in between waits for the next one instead of being refused, so
//! that made-up ids cost nobody else their request.
//!
//! - [`verifier`]: the public half of one. [`key`]: one key and its file's text. [`verified`]: what it was found to have signed. [`folder`]: the files. [`set`]: which
//!   key does what at which time. [`rotation`]: what operators do.

mod error;
mod folder;
mod key;
mod rotation;
mod set;
mod verified;
mod verifier;

pub use error::KeyError;
pub use rotation::{KeyLine, Listing};
pub use set::KeyState;

pub(crate) use key::Key;
pub(crate) use set::KeySet;
pub(crate) use verifier::Verifier;

use chrono::TimeDelta;
use folder::Found;
use millstream_domain::cause::in_full;
use millstream_domain::clock::Clock;
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long those who check our tokens may keep the public keys. Short, because it is what a rotation waits for; asking
/// costs little, since the keys have an entity tag.
pub(crate) const CACHED_MAX: TimeDelta = TimeDelta::seconds(60);
/// How long a key is published before it signs: what is cached elsewhere has expired by then, every node has looked, and a
/// clock that is off by half a minute does no harm.
pub const PUBLISHED_BEFORE: TimeDelta = TimeDelta::seconds(90);
/// How often the folder is looked at. A key that is retired elsewhere is not believed for longer; everything that is
/// revoked has to be so within five seconds.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How far looks are apart when tokens name keys that nobody knows.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Most keys at once. They are published in one document, and read at every look; who rotates daily needs two.
pub const KEYS_MAX: usize = 32;

/// The keys of an installation. Cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<Shared>);

struct Shared {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    set: RwLock<Arc<KeySet>>,
    looked: tokio::sync::Mutex<Looked>,
}

/// The last look at the folder.
struct Looked {
    /// When it began.
    at: Instant,
    /// What was wrong with files, and has been told.
    told: BTreeSet<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("folder", &self.0.folder)
            .field("set", &self.set())
            .finish()
    }
}

impl Keys {
    /// The keys in this folder. A first one is made when there is none; it signs at once, there being nothing to wait for.
    pub fn open(folder: &Path, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let now = clock.now();
        let mut found = folder::read(folder)?;
        if found.keys.is_empty() && found.unusable.is_empty() {
            folder::make(folder, now, now)?;
            found = folder::read(folder)?;
        }
        // Later, such a file is told and left alone. At the start somebody is there to mend it.
        if let Some(wrong) = take_mendable(&mut found.unusable) {
            return Err(wrong);
        }
        let mut told = BTreeSet::new();
        tell(&found, &mut told);
        for path in &found.unfinished {
            tracing::warn!(file = %path.display(), "a key was never finished, and is not used");
        }
        let set = KeySet::new(found.keys).ok_or_else(|| KeyError::NoneUsable {
            folder: folder.to_owned(),
        })?;
        Ok(Self(Arc::new(Shared {
            folder: folder.to_owned(),
            clock,
            set: RwLock::new(Arc::new(set)),
            looked: tokio::sync::Mutex::new(Looked {
                at: Instant::now(),
                told,
            }),
        })))
    }

    /// Looks at the folder until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.look().await;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Looks at the folder now.
    pub async fn look(&self) {
        self.look_since(Instant::now()).await;
    }

    /// The keys as they were at the last look.
    pub(crate) fn set(&self) -> Arc<KeySet> {
        let set = self.0.set.read();
        Arc::clone(&set.unwrap_or_else(PoisonError::into_inner))
    }

    /// The ids of the keys whose tokens are believed.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let set = self.set();
        let states = set.states(self.0.clock.now());
        states.map(|(key, _)| key.id.clone()).collect()
    }

    /// The key of this id. One that is not known may have come since the last look.
    pub(crate) async fn find(&self, id: &str) -> Option<Arc<Key>> {
        if let Some(key) = self.set().find(id) {
            return Some(Arc::clone(key));
        }
        if !may_be_id(id) {
            return None;
        }
        self.look_since(Instant::now()).await;
        self.set().find(id).cloned()
    }

    /// Returns after a look that began after `asked`.
    async fn look_since(&self, asked: Instant) {
        let mut looked = self.0.looked.lock().await;
        if looked.at >= asked {
            return;
        }
        sleep_until(looked.at + LOOK_PAUSE).await;
        let begun = Instant::now();
        match self.with_folder(folder::read).await {
            Ok(found) => {
                tell(&found, &mut looked.told);
                self.keep(found);
            }
            // What we know stays good: a folder that is away for a moment logs nobody out.
            Err(error) => {
                tracing::warn!(error = in_full(&error), "the folder of keys cannot be read");
            }
        }
        looked.at = begun;
    }

    fn keep(&self, mut found: Found) {
        let read = std::mem::take(&mut found.keys);
        let mut keys: Vec<_> = read.into_iter().map(Arc::new).collect();
        let before = self.set();
        // What was read of a file before is good while the file cannot be read; all others are as they are now, those above
        // all that were retired.
        let kept = before
            .iter()
            .filter(|key| found.is_unreadable(&key.file) && !found.is_retired(key));
        keys.extend(kept.cloned());
        if let Some(set) = KeySet::of(keys) {
            *self.0.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        } else {
            tracing::warn!(
                folder = %self.0.folder.display(),
                "there are no keys any more; those from before are kept until the next start"
            );
        }
    }

    async fn with_folder<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let folder = self.0.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(|_| KeyError::Refused)?
    }
}

/// Whether a key may have this id: SHA-256 in base64url. Anything else is not worth a look at the folder.
pub(crate) fn may_be_id(id: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    id.len() == 43 && id.bytes().all(letter)
}

/// A file that others can read, or that we cannot.
fn take_mendable(unusable: &mut Vec<KeyError>) -> Option<KeyError> {
    let mendable = unusable
        .iter()
        .position(|error| matches!(error, KeyError::Exposed { .. } | KeyError::File { .. }))?;
    Some(unusable.swap_remove(mendable))
}

/// Says what is wrong with files, each once. Unfinished ones are told by `keys list`: another node may be at work on one.
fn tell(found: &Found, told: &mut BTreeSet<String>) {
    for error in &found.unusable {
        if told.insert(error.to_string()) {
            tracing::warn!(error = in_full(error), "a file is not used as a key");
        }
    }
}
