//! From a text to words, the same for what is indexed, what is asked for and what is highlighted.
//!
//! - A word is a run of letters, digits and their marks. Scripts that are written without blanks give a word per
//!   character, and so do pictographs. Anything else ends a word: `TASK_FAILED` is two words, next to each other.
//! - Words are compared without regard to case and accents: `Café`, `CAFÉ` and `cafe` are one word, however the accent
//!   was typed.
//! - No word is left out, whether short, common or long: a very long one is cut into pieces that stand next to each other.
//!
//! Whoever looks for a text that is several words here looks for them next to each other, and so finds the text.

use std::borrow::Cow;
use std::str::CharIndices;
use tantivy::tokenizer::{AsciiFoldingFilter, TextAnalyzer, Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Most characters of a word: what is longer (keys, hashes, logs without blanks) is cut into pieces of this size, counted
/// from its beginning. Far above any real word, and far below what the term dictionary can hold.
pub const WORD_CHARS_MAX: usize = 64;

/// The analyzer's name in the schema.
pub(crate) const ANALYZER: &str = "words";

/// The analyzer that fields of text are indexed with.
pub(crate) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(Words::default())
        .filter(AsciiFoldingFilter)
        .build()
}

/// The words of a text, each with the bytes it came from.
#[must_use]
pub fn words(text: &str) -> Vec<(String, std::ops::Range<usize>)> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut words = Vec::new();
    while let Some(token) = stream.next() {
        words.push((token.text.clone(), token.offset_from..token.offset_to));
    }
    words
}

/// A text that is compared as a whole: names, tags, keys of other trackers.
#[must_use]
pub fn whole(text: &str) -> String {
    let mut folded = String::new();
    fold(text.trim(), &mut folded);
    folded.truncate(folded.floor_char_boundary(WHOLE_BYTES_MAX));
    folded
}

/// Most bytes that are compared of such a text: above every name and key, below what the term dictionary can hold.
const WHOLE_BYTES_MAX: usize = 1024;

/// Composed, in lower case, without accents.
fn fold(text: &str, into: &mut String) {
    into.clear();
    if text.is_ascii() {
        into.push_str(text);
        into.make_ascii_lowercase();
        return;
    }
    let mut letter = ' ';
    let letters = text.nfd().flat_map(char::to_lowercase).filter(|c| {
        if !is_accent(*c) {
            letter = *c;
            return true;
        }
        // й is a letter of its own, not an и with an accent.
        *c == BREVE && letter == 'и'
    });
    // The sigma at the end of a word is the same letter.
    into.extend(letters.nfc().map(|c| if c == 'ς' { 'σ' } else { c }));
}

/// What stands over й.
const BREVE: char = '\u{306}';

/// Marks that are written over or under letters of Latin, Greek and Cyrillic.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Characters of scripts that are written without blanks between words: Thai to Tibetan, Burmese, Khmer, Chinese and
/// Japanese.
fn is_unspaced(c: char) -> bool {
    matches!(
        u32::from(c),
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3005..=0x3007 | 0x3040..=0x30ff | 0x31f0..=0x31ff
            | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0xff66..=0xff9f | 0x20000..=0x3ffff
    )
}

/// Emoji and other small pictures.
fn is_pictograph(c: char) -> bool {
    matches!(u32::from(c), 0x2600..=0x27bf | 0x2b50 | 0x2b55 | 0x1f000..=0x1faff)
}

#[derive(Debug, Clone, Default)]
struct Words {
    token: Token,
}

struct WordStream<'a> {
    text: &'a str,
    chars: std::iter::Peekable<CharIndices<'a>>,
    token: &'a mut Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream {
            text,
            chars: text.char_indices().peekable(),
            token: &mut self.token,
        }
    }
}

impl WordStream<'_> {
    /// The end of the word that begins with `first`.
    fn end(&mut self, start: usize, first: char) -> usize {
        let (mut end, mut length) = (start + first.len_utf8(), 1);
        let alone = is_unspaced(first) || is_pictograph(first);
        while let Some((at, c)) = self.chars.peek().copied() {
            let goes_on = is_combining_mark(c) || !alone && c.is_alphanumeric() && !is_unspaced(c);
            if !goes_on || length == WORD_CHARS_MAX {
                break;
            }
            (end, length) = (at + c.len_utf8(), length + 1);
            self.chars.next();
        }
        end
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        while let Some((start, c)) = self.chars.next() {
            if !c.is_alphanumeric() && !is_pictograph(c) {
                continue;
            }
            let end = self.end(start, c);
            fold(&self.text[start..end], &mut self.token.text);
            if self.token.text.is_empty() {
                continue;
            }
            (self.token.offset_from, self.token.offset_to) = (start, end);
            self.token.position = self.token.position.wrapping_add(1);
            return true;
        }
        false
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// A text with everything that means something in HTML spelled out.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut html = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    Cow::Owned(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        let found: Vec<_> = words(text).into_iter().map(|(word, _)| word).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_in_lower_case_without_accents() {
        check(
            "The Mill-Wheel, no. 42!",
            &["the", "mill", "wheel", "no", "42"],
        );
        check(
            "TASK_FAILED at process.cpp:17",
            &["task", "failed", "at", "process", "cpp", "17"],
        );
        check(
            "Café CAFE\u{301} Straße İstanbul ﬁn",
            &["cafe", "cafe", "strasse", "istanbul", "fin"],
        );
        check("ΟΔΟΣ οδός Привет", &["οδοσ", "οδοσ", "привет"]);
        check("Йод и\u{306}од ёж еж", &["йод", "йод", "еж", "еж"]);
        check("한국 \u{1112}\u{1161}\u{11ab}국", &["한국", "한국"]);
        check("", &[]);
        check("--- \u{301} …", &[]);
    }

    #[test]
    fn scripts_without_blanks_give_a_word_per_character() {
        check("水車の修理 ok", &["水", "車", "の", "修", "理", "ok"]);
        check("ship it 🚀🚀", &["ship", "it", "🚀", "🚀"]);
        check("हिन्दी", &["हिन्दी"]);
    }

    #[test]
    fn long_words_are_cut_into_pieces_and_none_is_lost() {
        let long = "x".repeat(WORD_CHARS_MAX * 2 + 3);
        let pieces: Vec<_> = words(&long)
            .into_iter()
            .map(|(word, _)| word.len())
            .collect();
        assert_eq!(pieces, [WORD_CHARS_MAX, WORD_CHARS_MAX, 3]);
    }

    #[test]
    fn the_place_of_a_word_is_where_it_stands_in_the_text() {
        let text = "ein CAFE\u{301}, bitte";
        let (_, at) = words(text).swap_remove(1);
        assert_eq!(&text[at], "CAFE\u{301}");
    }

    #[test]
    fn names_are_compared_as_a_whole_without_regard_to_case() {
        assert_eq!(whole(" Mesos-1234 "), whole("MESOS-1234"));
        assert_ne!(whole("mesos-123"), whole("mesos-1234"));
        assert!(whole(&"ß".repeat(9_999)).len() <= WHOLE_BYTES_MAX);
    }

    #[test]
    fn html_is_spelled_out() {
        assert_eq!(escaped("<b>&'\"plain"), "&lt;b&gt;&amp;&#39;&quot;plain");
    }
}
