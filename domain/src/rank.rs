//! Ranks: where a task stands on a board. A rank is a text that sorts bytewise; between any two there is room for
//! another, so moving one task rewrites one row and never the list.
//!
//! Method: fractional indexing, as described by David Greenspan, "Implementing Fractional Indexing" (2020). A rank is
//! read as the digits of a fraction in base 62 and never ends in the digit zero, so a middle always exists.

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The rank of the `n`th thing ever appended to a list: ascending with `n`, short, and with room before and behind.
///
/// The number of digits comes first, so that more digits sort behind fewer.
#[must_use]
pub fn nth(n: u64) -> String {
    let mut digits = vec![b'V'];
    let mut rest = n;
    while rest > 0 {
        digits.push(DIGITS[usize::try_from(rest % 62).unwrap_or(0)]);
        rest /= 62;
    }
    digits.push(DIGITS[digits.len()]);
    digits.iter().rev().map(|d| char::from(*d)).collect()
}

/// A rank strictly between two others; `None` stands for the end of the list on that side.
///
/// ```
/// use millstream_domain::rank::between;
/// let first = between(None, None);
/// let last = between(Some(&first), None);
/// let middle = between(Some(&first), Some(&last));
/// assert!(first < middle && middle < last);
/// ```
///
/// Arguments in the wrong order give a rank after the first of them: an order that somebody else changed meanwhile is
/// no reason to fail.
#[must_use]
pub fn between(after: Option<&str>, before: Option<&str>) -> String {
    let low = after.unwrap_or("").as_bytes();
    let high = before.map(str::as_bytes).filter(|high| low < *high);
    let mut rank = Vec::with_capacity(low.len() + 1);
    let mut bounded = high;
    for at in 0.. {
        let floor = low.get(at).map_or(0, |d| value(*d));
        let ceiling = match bounded {
            // Past the end of `high` there is nothing below it: it does not end in zero, so this is not reached.
            Some(high) => high.get(at).map_or(0, |d| value(*d)),
            None => DIGITS.len(),
        };
        if ceiling > floor + 1 {
            // Near the open end step by one digit, so that appending a long list keeps its ranks short.
            let step = if bounded.is_none() && after.is_some() {
                floor + 1
            } else {
                usize::midpoint(floor, ceiling)
            };
            rank.push(DIGITS[step]);
            break;
        }
        rank.push(DIGITS[floor]);
        if ceiling > floor {
            // The digit below `high` is taken: everything that follows is lower than `high` already.
            bounded = None;
        }
    }
    rank.into_iter().map(char::from).collect()
}

fn value(digit: u8) -> usize {
    DIGITS.iter().position(|d| *d == digit).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{between, nth};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn there_is_always_room_between_two_neighbours() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut list = vec![between(None, None)];
        for _ in 0..3_000 {
            let at = rng.random_range(0..=list.len());
            let after = at.checked_sub(1).map(|i| list[i].as_str());
            let rank = between(after, list.get(at).map(String::as_str));
            list.insert(at, rank);
            assert!(
                list.windows(2).all(|w| w[0] < w[1]) || list.len() > 50,
                "{list:?}"
            );
        }
        assert!(list.windows(2).all(|w| w[0] < w[1]));
        assert!(list.iter().all(|rank| !rank.ends_with('0')));
    }

    #[test]
    fn appending_keeps_ranks_short() {
        let mut rank = between(None, None);
        for _ in 0..10_000 {
            let next = between(Some(&rank), None);
            assert!(rank < next);
            rank = next;
        }
        assert!(rank.len() < 200, "{}", rank.len());
    }

    #[test]
    fn numbered_ranks_ascend_with_room_between_them() {
        let ranks: Vec<_> = (1..5_000)
            .chain([u64::MAX - 1, u64::MAX])
            .map(nth)
            .collect();
        for pair in ranks.windows(2) {
            let middle = between(Some(&pair[0]), Some(&pair[1]));
            assert!(pair[0] < middle && middle < pair[1], "{pair:?} {middle}");
        }
    }

    #[test]
    fn squeezing_into_one_gap_a_thousand_times_works() {
        let (low, mut high) = (
            between(None, None),
            between(Some(&between(None, None)), None),
        );
        for _ in 0..1_000 {
            let middle = between(Some(&low), Some(&high));
            assert!(low < middle && middle < high);
            high = middle;
        }
    }

    #[test]
    fn a_wrong_order_gives_a_rank_after_the_first() {
        assert!(between(Some("Z"), Some("A")).as_str() > "Z");
    }
}
