//! The versions of a thing that a caller knows, to keep from changing what they have not seen.

use crate::StoreError;

/// Most versions that a caller may name: whoever asks knows one, or a few that they have in a cache.
pub const VERSIONS_MAX: usize = 8;

/// The version of what is not there, or not any more: no thing ever has it.
pub const GONE: i64 = 0;
/// The version of what is never edited, such as a session.
pub const ONLY: i64 = 1;

/// Versions of a thing, any of which it may have now. Without one, it may have none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versions {
    known: [i64; VERSIONS_MAX],
    count: usize,
}

impl Versions {
    /// These versions; `None` if there are too many.
    pub fn of(versions: impl IntoIterator<Item = i64>) -> Option<Self> {
        let mut all = Self::default();
        for version in versions {
            *all.known.get_mut(all.count)? = version;
            all.count += 1;
        }
        Some(all)
    }

    fn include(&self, version: i64) -> bool {
        self.known
            .iter()
            .take(self.count)
            .any(|known| *known == version)
    }
}

impl From<i64> for Versions {
    fn from(version: i64) -> Self {
        let mut one = Self::default();
        (one.known[0], one.count) = (version, 1);
        one
    }
}

/// Refuses to change what the caller has not seen. The row must be locked.
pub(crate) fn check_version(expected: Option<Versions>, now: i64) -> Result<(), StoreError> {
    match expected {
        Some(versions) if !versions.include(now) => Err(StoreError::Stale { now }),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_versions_may_be_the_one_that_it_has() {
        let some = Versions::of([3, 7]);
        assert!(check_version(some, 3).is_ok());
        assert!(check_version(some, 7).is_ok());
        assert!(matches!(
            check_version(some, 4),
            Err(StoreError::Stale { now: 4 })
        ));
        assert!(check_version(Versions::of([]), 1).is_err());
        assert!(check_version(None, 1).is_ok());
        assert_eq!(Versions::of(0..9), None);
    }
}
