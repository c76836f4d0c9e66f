//! Refresh tokens: long random texts. The database keeps only their hashes.

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a refresh token begins with, so that people and secret scanners know one when they see it.
const REFRESH: &str = "msr_";
/// Random bytes of a token: more than anybody can try.
const BYTES: usize = 32;
/// Most characters of a token that is looked at.
pub(crate) const TOKEN_CHARACTERS_MAX: usize = 512;

/// A fresh refresh token.
pub(crate) fn refresh_token() -> String {
    format!("{REFRESH}{}", random())
}

/// A fresh secret for the cookie of a browser.
pub(crate) fn browser_secret() -> String {
    random()
}

fn random() -> String {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tokens_are_alike() {
        let (a, b) = (refresh_token(), refresh_token());
        assert_ne!(a, b);
        assert!(a.starts_with(REFRESH) && a.len() == 47, "{a}");
    }
}
