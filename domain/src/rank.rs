//! Ranks: where a task stands on a board. A rank is a text that sorts bytewise; between any two there is room for
//! another, so moving one task rewrites one row and never the list.
//!
//! Method: fractional indexing, as described by David Greenspan, "Implementing Fractional Indexing" (2020). A rank is
//! read as the digits of a fraction in base 62 and never ends in the digit zero, so a middle always exists. What his
//! integer part does for both ends of a list is done here in every gap: towards an open side, ranks count in whole steps,
//! as numbers that tell their own length (Peter Elias, "Universal codeword sets and representations of the integers",
//! 1975): *k* digits at the very end of the alphabet, then *k* + 1 digits that count. So *n* moves to one and the same place
//! lengthen ranks by the logarithm of *n*, whichever side stays where it is, the top of a board and its bottom alike.
//!
//! What no method without rewriting the list can avoid is a digit now and then when each move halves the gap of the one
//! before: that takes about five moves for a byte here, and six would be the best.

use std::iter::repeat_n;

const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The highest digit.
const TOP: usize = 61;
/// The step of a single digit towards an open side: wide, so that moves in between find room before they need a digit more.
/// Longer numbers count one by one.
const SINGLE_STEP: u64 = 8;
/// Most digits that count: 62 to the sixth is more moves than anybody makes.
const COUNTING_DIGITS_MAX: usize = 6;

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
    let rank = match high {
        None => higher(low),
        Some(high) => inside(low, high),
    };
    rank.into_iter().map(char::from).collect()
}

/// A word between two others, the lower of which may be empty.
fn inside(low: &[u8], high: &[u8]) -> Vec<u8> {
    let shared = low.iter().zip(high).take_while(|(l, h)| l == h).count();
    let (prefix, low) = low.split_at(shared);
    let high = &high[shared..];
    let rest = match low.split_first() {
        None => lower(high),
        Some((floor, behind)) => {
            let ceiling = high.first().map_or(0, |digit| value(*digit));
            let middle = usize::midpoint(value(*floor), ceiling);
            if middle > value(*floor) {
                vec![DIGITS[middle]]
            } else {
                // Whatever follows the lower digit is below `high` already.
                [&[*floor], higher(behind).as_slice()].concat()
            }
        }
    };
    [prefix, rest.as_slice()].concat()
}

/// A word behind another, with nothing above: a step up.
fn higher(word: &[u8]) -> Vec<u8> {
    if word.is_empty() {
        return vec![DIGITS[DIGITS.len() / 2]];
    }
    let number = Number::read(word, TOP);
    let end = number.weight() * TOP as u64;
    match number.value + number.step() {
        over if over >= end => Number::first(number.level + 1, 1).written(TOP),
        whole if whole % 62 == 0 => number.with(whole + 1).written(TOP),
        next => number.with(next).written(TOP),
    }
}

/// A word before another, with nothing below: a step down.
fn lower(word: &[u8]) -> Vec<u8> {
    let number = Number::read(word, 0);
    let next = number.value.saturating_sub(number.step());
    let next = if next.is_multiple_of(62) {
        next.saturating_sub(1)
    } else {
        next
    };
    if next >= number.weight() {
        return number.with(next).written(0);
    }
    let below = Number::first(number.level + 1, 0);
    below.with(below.weight() * 62 - 1).written(0)
}

/// A number that tells its own length: as many digits of the alphabet's end as its level is, then those that count, of
/// which the first is not that digit.
#[derive(Clone, Copy)]
struct Number {
    level: usize,
    value: u64,
}

impl Number {
    /// The one at the beginning of a word, which may break off or go on behind it.
    fn read(word: &[u8], end: usize) -> Self {
        let level = word.iter().take_while(|d| value(**d) == end).count();
        let mut number = Self::first(level, 0);
        for at in level..level + number.digits() {
            let digit = word.get(at).map_or(0, |d| value(*d));
            number.value = number.value * 62 + digit as u64;
        }
        number
    }

    fn first(level: usize, value: u64) -> Self {
        Self { level, value }
    }

    fn with(self, value: u64) -> Self {
        Self { value, ..self }
    }

    fn digits(self) -> usize {
        (self.level + 1).min(COUNTING_DIGITS_MAX)
    }

    /// What the first of the digits that count stands for.
    fn weight(self) -> u64 {
        (1..self.digits()).fold(1, |weight, _| weight * 62)
    }

    fn step(self) -> u64 {
        if self.level == 0 { SINGLE_STEP } else { 1 }
    }

    fn written(self, end: usize) -> Vec<u8> {
        let mut word: Vec<u8> = repeat_n(DIGITS[end], self.level).collect();
        let mut weight = self.weight();
        while weight > 0 {
            let digit = usize::try_from(self.value / weight % 62).unwrap_or(0);
            word.push(DIGITS[digit]);
            weight /= 62;
        }
        word
    }
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

    /// Ten thousand moves; the longest rank that was made.
    fn longest(
        mut low: Option<String>,
        mut high: Option<String>,
        rises: impl Fn(u32) -> bool,
    ) -> usize {
        let mut longest = 0;
        for n in 0..10_000 {
            let rank = between(low.as_deref(), high.as_deref());
            assert!(low.as_ref().is_none_or(|low| *low < rank), "{low:?} {rank}");
            assert!(
                high.as_ref().is_none_or(|high| rank < *high),
                "{rank} {high:?}"
            );
            assert!(!rank.ends_with('0'), "{rank}");
            longest = longest.max(rank.len());
            *(if rises(n) { &mut low } else { &mut high }) = Some(rank);
        }
        longest
    }

    #[test]
    fn ten_thousand_moves_to_one_place_take_a_few_bytes() {
        let (first, second) = (Some(nth(1)), Some(nth(2)));
        assert_eq!(longest(None, first.clone(), |_| false), 5, "always the top");
        assert_eq!(longest(second.clone(), None, |_| true), 5, "always the end");
        let last = longest(second.clone(), Some(nth(3)), |_| true);
        assert_eq!(last, 7, "always before what is made next");
        let pinned = longest(first.clone(), second.clone(), |_| false);
        assert_eq!(pinned, 8, "always behind a card that stays");
        assert_eq!(longest(first, second, |_| true), 7, "always before one");
    }

    #[test]
    fn ten_thousand_moves_anywhere_keep_ranks_short_and_in_order() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut list: Vec<_> = (1..=100).map(nth).collect();
        let mut longest = 0;
        for _ in 0..10_000 {
            list.remove(rng.random_range(0..list.len()));
            let at = rng.random_range(0..=list.len());
            let after = at.checked_sub(1).map(|i| list[i].as_str());
            // The end of a board is bounded by the task that is made next.
            let end = nth(101);
            let rank = between(after, Some(list.get(at).unwrap_or(&end)));
            longest = longest.max(rank.len());
            list.insert(at, rank);
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!(longest <= 40, "{longest}");
    }

    #[test]
    fn moves_that_halve_the_gap_of_the_one_before_take_a_byte_for_five() {
        let (mut low, mut high) = (nth(1), nth(2));
        for n in 0..2_000 {
            let rank = between(Some(&low), Some(&high));
            assert!(low < rank && rank < high);
            *(if n % 2 == 0 { &mut low } else { &mut high }) = rank;
        }
        assert!(low.len().max(high.len()) <= 500, "{}", low.len());
    }

    #[test]
    fn ranks_from_before_have_room_on_both_sides() {
        // As they were made by halving: at the top of a board, and behind a card that stays.
        let top = |zeros: usize| format!("{}V", "0".repeat(zeros));
        let pinned = |zeros: usize| format!("21V{}1", "0".repeat(zeros));
        for zeros in [1, 2, 7, 480] {
            for (old, before, longest_allowed) in [
                (top(zeros), None, zeros + 7),
                (pinned(zeros), Some(nth(1)), zeros + 10),
            ] {
                let length = longest(before, Some(old), |_| false);
                assert!(length <= longest_allowed.max(10), "{zeros}: {length}");
            }
            assert!(longest(Some(top(zeros)), Some(nth(1)), |_| true) <= zeros + 10);
        }
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
    fn a_wrong_order_gives_a_rank_after_the_first() {
        assert!(between(Some("Z"), Some("A")).as_str() > "Z");
    }
}
