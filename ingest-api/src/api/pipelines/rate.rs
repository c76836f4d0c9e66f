//! How many records a second each pipeline takes, from one look at it to the next.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Shortest time between two looks that a rate is made of; between, the last one stands.
const SPAN_MS_MIN: i64 = 1_000;
/// Most pipelines that are kept in mind: there are a handful.
const PIPELINES_MAX: usize = 256;

#[derive(Debug, Clone, Copy)]
struct Look {
    at: DateTime<Utc>,
    cut: i64,
    per_s: f64,
}

/// The rates.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<BTreeMap<String, Look>>);

impl Rates {
    /// The rate of a pipeline that is at `cut` now; 0 at the first look.
    pub(crate) fn per_s(&self, name: &str, cut: i64, now: DateTime<Utc>) -> f64 {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = looks.get_mut(name) else {
            if looks.len() < PIPELINES_MAX {
                looks.insert(
                    name.to_owned(),
                    Look {
                        at: now,
                        cut,
                        per_s: 0.0,
                    },
                );
            }
            return 0.0;
        };
        let span_ms = (now - last.at).num_milliseconds();
        if span_ms >= SPAN_MS_MIN {
            let records = i32::try_from(cut.saturating_sub(last.cut).max(0)).unwrap_or(i32::MAX);
            let seconds = f64::from(i32::try_from(span_ms).unwrap_or(i32::MAX)) / 1000.0;
            let per_s = (f64::from(records) / seconds * 10.0).round() / 10.0;
            *last = Look {
                at: now,
                cut,
                per_s,
            };
        }
        last.per_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_made_of_two_looks() {
        let rates = Rates::default();
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        assert!(rates.per_s("audit", 100, at(0)).abs() < f64::EPSILON);
        assert!((rates.per_s("audit", 350, at(2_000)) - 125.0).abs() < 0.01);
        assert!((rates.per_s("audit", 360, at(2_100)) - 125.0).abs() < 0.01);
        assert!(rates.per_s("audit", 0, at(9_000)).abs() < f64::EPSILON);
    }
}
