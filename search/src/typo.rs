//! One typing error: a letter too many, one missing, another one, or two neighbours swapped.
//!
//! The index looks for such words by an automaton of Tantivy's; here is the same for words in hand, to mark them.

use millstream_domain::query::TextKind;

/// Letters that a word must have for an error in it to be forgiven: shorter ones are too near to too many others.
pub(crate) const FORGIVING_LETTERS_MIN: usize = 5;

/// The word of a text in which an error is forgiven: what is in quotes, has digits in it or is several words was meant as
/// it stands.
pub(crate) fn forgiving(kind: TextKind, words: &[String]) -> Option<&str> {
    let [word] = words else { return None };
    let fits = kind != TextKind::Phrase
        && word.chars().all(char::is_alphabetic)
        && word.chars().count() >= FORGIVING_LETTERS_MIN;
    fits.then_some(word)
}

/// Whether two words are the same but for at most one error.
pub(crate) fn near(one: &str, other: &str) -> bool {
    // No letter takes more than four bytes, so words that differ by more differ by more than one letter.
    if one.len().abs_diff(other.len()) > 4 {
        return false;
    }
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() <= other.len() {
        (&one[..], &other[..])
    } else {
        (&other[..], &one[..])
    };
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[same..], &long[same..]);
    match (short, long) {
        ([], [] | [_]) => true,
        ([a, b, ..], [c, d, ..]) if short.len() == long.len() && a == d && b == c => {
            short[2..] == long[2..]
        }
        ([_, short @ ..], [_, long @ ..]) if short.len() == long.len() => short == long,
        (short, [_, long @ ..]) => short == long,
        (_, []) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_is_forgiven_and_two_are_not() {
        for word in [
            "wheel", "weel", "heel", "whee", "wheels", "awheel", "whxel", "hweel", "whele",
        ] {
            assert!(near("wheel", word) && near(word, "wheel"), "{word}");
        }
        for word in ["wheelss", "wel", "ehwel", "hwele", "wxeex", "", "leehw"] {
            assert!(!near("wheel", word) && !near(word, "wheel"), "{word}");
        }
        assert!(near("mühle", "mühl") && near("mühle", "muhle") && !near("mühle", "muhl"));
        assert!(near("abcde", "abced") && !near("abcde", "bacde1"));
    }

    #[test]
    fn errors_are_forgiven_in_long_words_that_stand_alone() {
        let check = |kind, words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            forgiving(kind, &words).is_some()
        };
        assert!(check(TextKind::Word, &["wheel"]));
        assert!(check(TextKind::Prefix, &["wheel"]));
        assert!(check(TextKind::Word, &["мелен"]));
        assert!(!check(TextKind::Word, &["whee"]));
        assert!(!check(TextKind::Phrase, &["wheel"]));
        assert!(!check(TextKind::Word, &["water", "wheel"]));
        assert!(!check(TextKind::Word, &["wheel2"]));
    }
}
