//! Words that nothing else has in it, so that whoever searches for one finds the one thing that it was given to.

/// No two begin alike, and none is changed by a stemmer.
const SYLLABLES: [&str; 10] = ["ba", "de", "fi", "go", "hu", "ka", "le", "mi", "no", "pu"];

/// How many words there are.
pub(super) const WORDS_MAX: usize = 10_000;

/// The `n`th word: its four digits as syllables, twice. So two words differ in two letters at least, and a search that forgives
/// one typo does not take one for the other; and all are equally long, so that none begins with another.
pub(super) fn word(n: usize) -> String {
    assert!(n < WORDS_MAX, "there are no more words");
    let digits = [n / 1_000, n / 100 % 10, n / 10 % 10, n % 10];
    let twice = digits.iter().chain(&digits);
    twice.map(|digit| SYLLABLES[*digit]).collect()
}
