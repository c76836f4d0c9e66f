//! How much somebody may have under way at once. Each process counts for itself: what is under way holds this one's room.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// A limit of what is under way, for each of many.
#[derive(Debug)]
pub(crate) struct AtOnce<K: Hash + Eq + Clone> {
    max: usize,
    under_way: Arc<Mutex<HashMap<K, usize>>>,
}

/// Something under way; its place is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay<K: Hash + Eq + Clone> {
    whose: K,
    under_way: Arc<Mutex<HashMap<K, usize>>>,
}

impl<K: Hash + Eq + Clone> AtOnce<K> {
    /// So many for each.
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            under_way: Arc::default(),
        }
    }

    /// Begins one more, if that may be.
    pub(crate) fn begin(&self, whose: K) -> Option<UnderWay<K>> {
        let mut all = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(whose.clone()).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(UnderWay {
            whose,
            under_way: Arc::clone(&self.under_way),
        })
    }
}

impl<K: Hash + Eq + Clone> Drop for UnderWay<K> {
    fn drop(&mut self) {
        let mut all = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_what_held_it_is_over_and_nobody_is_remembered() {
        let limit = AtOnce::new(2);
        let first = limit.begin(7).expect("a place");
        let second = limit.begin(7).expect("a place");
        assert!(limit.begin(7).is_none());
        assert!(limit.begin(8).is_some(), "others have places of their own");
        drop(first);
        drop(limit.begin(7).expect("a place"));
        drop(second);
        assert!(limit.under_way.lock().expect("whole").is_empty());
    }
}
