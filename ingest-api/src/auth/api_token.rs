//! The text of an API token: `mst_`, 256 random bits and a checksum, all in letters and digits, so that a double click takes
//! all of it.
//!
//! ```text
//! mst_   what it is
//! 44     characters: the two halves of the bits in base 62 (0-9, A-Z, a-z), each padded to 22 with zeros
//! 6      characters: the CRC-32 of everything before, in base 62, padded
//! ```
//!
//! The checksum is no secret. By it a typo is told from a token without asking the database, and secret scanners know a
//! real one from what only looks alike.

use aws_lc_rs::rand;

/// What a token begins with.
pub(crate) const PREFIX: &str = "mst_";
/// Characters of 128 bits in base 62.
const HALF_CHARS: usize = 22;
/// Characters of the checksum.
const CHECKSUM_CHARS: usize = 6;

/// A fresh token.
pub(crate) fn fresh() -> String {
    let text = format!("{PREFIX}{}{}", half(), half());
    let checksum = checksum(&text);
    text + &checksum
}

/// Whether a text is a token of ours that nobody mistyped. Whether it is good, the database knows.
pub(crate) fn is_whole(text: &str) -> bool {
    let Some(end) = text.len().checked_sub(CHECKSUM_CHARS) else {
        return false;
    };
    let whole = PREFIX.len() + 2 * HALF_CHARS;
    end == whole && text.is_ascii() && checksum(&text[..end]) == text[end..]
}

fn half() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    let digits = base62::encode(u128::from_be_bytes(bytes));
    format!("{digits:0>HALF_CHARS$}")
}

fn checksum(text: &str) -> String {
    let digits = base62::encode(crc32fast::hash(text.as_bytes()));
    format!("{digits:0>CHECKSUM_CHARS$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_token_is_whole_and_like_no_other() {
        let (a, b) = (fresh(), fresh());
        assert_ne!(a, b);
        for token in [a, b] {
            assert!(is_whole(&token), "{token}");
            assert!(token.len() == 54 && token.starts_with("mst_"), "{token}");
            assert!(token[4..].bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn the_checksum_is_the_one_that_is_documented() {
        let text = format!("mst_{}", "0".repeat(44));
        assert_eq!(checksum(&text), "2iqSRb");
        assert!(is_whole(&format!("{text}2iqSRb")));
    }

    #[test]
    fn a_typo_is_seen() {
        let token = fresh();
        let other = if token.ends_with('a') { 'b' } else { 'a' };
        for wrong in [
            format!("{}{other}", &token[..53]),
            format!("mst_{other}{}", &token[5..]),
            token[..53].to_owned(),
            format!("{token}a"),
            token.replacen("mst_", "mss_", 1),
            "mst_".to_owned(),
            String::new(),
            format!("mst_{}", "ä".repeat(25)),
        ] {
            assert_eq!(is_whole(&wrong), wrong == token, "{wrong}");
        }
    }
}
