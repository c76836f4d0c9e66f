//! Which worker a key belongs to: a hash that is the same in every process and version, because the members of a cluster
//! must agree (FNV-1a, 64 bit).

use std::hash::{Hash, Hasher};

/// The hash of a key.
pub(super) fn stable_hash(key: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    key.hash(&mut hasher);
    hasher.finish()
}

struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
