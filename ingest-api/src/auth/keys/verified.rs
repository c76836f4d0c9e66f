//! Which tokens a key was found to have signed. To check a signature costs more than the rest of a small request, and a
//! client sends one token hundreds of times.
//!
//! It is the key's, and goes with it: what a retired key has signed is not believed because it was believed before. Only
//! signatures are remembered; what the claims say is looked at each time.

use lru::LruCache;
use sha2::{Digest, Sha256};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

/// How many tokens are remembered, those that were seen last.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(2_048).expect("more than none");

/// Digests of whole tokens: nothing in memory here could be presented.
#[derive(Debug)]
pub(super) struct Verified(Mutex<LruCache<[u8; 32], ()>>);

impl Default for Verified {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(REMEMBERED)))
    }
}

impl Verified {
    /// Whether this token's signature is good: remembered, or checked now. A bad one is never remembered.
    pub(super) fn or_check(&self, token: &str, check: impl FnOnce() -> bool) -> bool {
        let digest: [u8; 32] = Sha256::digest(token).into();
        // Asking is using: what is seen often is not what makes room.
        if self.remembered().get(&digest).is_some() {
            return true;
        }
        let good = check();
        if good {
            self.remembered().put(digest, ());
        }
        good
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_signature_is_remembered_and_only_of_this_very_token() {
        let verified = Verified::default();
        assert!(!verified.or_check("a.b.c", || false));
        assert!(verified.or_check("a.b.c", || true), "asked again");
        assert!(verified.or_check("a.b.c", || panic!("remembered")));
        assert!(!verified.or_check("a.b.d", || false));
    }

    #[test]
    fn what_was_not_seen_for_long_makes_room() {
        let verified = Verified::default();
        assert!(verified.or_check("first", || true));
        for n in 0..REMEMBERED.get() {
            assert!(verified.or_check(&n.to_string(), || true));
        }
        assert!(!verified.or_check("first", || false), "checked anew");
        assert_eq!(verified.remembered().len(), REMEMBERED.get());
    }
}
