//! The cookie that names a browser's session. Scripts do not see it, other sites do not send it.
//!
//! With TLS its name begins with `__Host-`: browsers take it only from this very host, over TLS, so that neither another
//! name below the same domain nor somebody on an unprotected line can put a session of theirs in its place. Then only that
//! name is read; whoever was logged in before TLS was set up logs in once more.

use crate::settings::Settings;
use crate::state::AppState;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use millstream_store::session::{SESSION_MAX, TokenHash};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What the cookie of a session is called.
pub(crate) const NAME: &str = "millstream_session";
/// What stands before it with TLS.
const HOST_ONLY: &str = "__Host-";
/// The cookie of the theme.
const THEME: &str = "millstream_theme";
/// The cookie of somebody who wants no keys of one letter.
const KEYS: &str = "millstream_keys";
/// What stands in it.
const KEYS_OFF: &str = "off";
/// For how long a browser remembers what was chosen: a year.
const CHOICE_SECONDS: i64 = 31_536_000;
/// The themes that can be chosen.
const THEMES: [&str; 2] = ["light", "dark"];
/// Most bytes of a secret that is looked at.
const BYTES_MAX: usize = 128;

/// The secret in the cookie.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CookieSecret(String);

impl CookieSecret {
    /// A fresh one.
    pub(crate) fn fresh() -> Self {
        Self(crate::auth::secret::browser_secret())
    }

    /// The one that a request brings.
    pub(crate) fn of(headers: &HeaderMap, settings: &Settings) -> Option<Self> {
        let secret = named(headers, &name(settings))?;
        (1..=BYTES_MAX)
            .contains(&secret.len())
            .then(|| Self(secret.to_owned()))
    }

    /// How it is stored.
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// What every form of this session carries: it follows from the secret, which no other site knows.
    pub(crate) fn form_token(&self) -> String {
        let digest = Sha256::new()
            .chain_update(b"form token of ")
            .chain_update(self.0.as_bytes())
            .finalize();
        URL_SAFE_NO_PAD.encode(digest)
    }

    /// Whether a form carries the token of this session.
    pub(crate) fn fits(&self, form_token: &str) -> bool {
        let expected = self.form_token();
        expected.as_bytes().ct_eq(form_token.as_bytes()).into()
    }

    /// What sets the cookie.
    pub(crate) fn set(&self, app: &AppState) -> HeaderValue {
        let name = name(app.settings());
        cookie(app, &name, &self.0, SESSION_MAX.num_seconds())
    }
}

/// What the cookie of a session is called here.
fn name(settings: &Settings) -> String {
    let prefix = if settings.is_https() { HOST_ONLY } else { "" };
    format!("{prefix}{NAME}")
}

fn named<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The theme that a browser chose; `None` for that of its system.
pub(crate) fn theme(headers: &HeaderMap) -> Option<&'static str> {
    let chosen = named(headers, THEME)?;
    THEMES.iter().copied().find(|theme| *theme == chosen)
}

/// What remembers a theme; of the system's own there is nothing to remember.
pub(crate) fn choose_theme(app: &AppState, theme: &str) -> HeaderValue {
    match THEMES.iter().find(|known| **known == theme) {
        Some(theme) => cookie(app, THEME, theme, CHOICE_SECONDS),
        None => cookie(app, THEME, "", 0),
    }
}

/// Whether keys of one letter do something in this browser.
pub(crate) fn has_keys(headers: &HeaderMap) -> bool {
    named(headers, KEYS) != Some(KEYS_OFF)
}

/// What remembers whether they do; that they do needs no remembering.
pub(crate) fn choose_keys(app: &AppState, keys: &str) -> HeaderValue {
    if keys == KEYS_OFF {
        cookie(app, KEYS, KEYS_OFF, CHOICE_SECONDS)
    } else {
        cookie(app, KEYS, "", 0)
    }
}

/// What takes the cookie away.
pub(crate) fn remove(app: &AppState) -> HeaderValue {
    cookie(app, &name(app.settings()), "", 0)
}

fn cookie(app: &AppState, name: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.settings().is_https() {
        "; Secure"
    } else {
        ""
    };
    HeaderValue::try_from(format!(
        "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    ))
    .expect("secrets and themes are plain letters")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(cookie: &'static str) -> Option<CookieSecret> {
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookie))]);
        CookieSecret::of(&headers, &Settings::for_tests(None))
    }

    #[test]
    fn with_tls_only_the_cookie_that_no_other_host_can_set_is_read() {
        let settings = Settings::for_tests(Some("https://tasks.example.org"));
        let sent = |text: &'static str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(text))]);
            CookieSecret::of(&headers, &settings)
        };
        let both = "millstream_session=evil; __Host-millstream_session=x";
        assert!(sent(both) == Some(CookieSecret("x".into())));
        assert!(sent("millstream_session=evil").is_none());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        assert!(sent("a=b; millstream_session=x; c=d") == Some(CookieSecret("x".into())));
        assert!(sent("a=b").is_none());
        assert!(sent("__Host-millstream_session=x").is_none());
        assert!(sent("millstream_session=").is_none());
        assert!(sent("xmillstream_session=x").is_none());
    }

    #[test]
    fn a_form_token_fits_its_own_session_only() {
        let (one, other) = (CookieSecret::fresh(), CookieSecret::fresh());
        assert!(one.fits(&one.form_token()));
        assert!(!one.fits(&other.form_token()) && !one.fits(""));
    }
}
