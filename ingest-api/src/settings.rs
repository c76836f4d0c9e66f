//! What the operator decides about HTTP.

pub use crate::live::LiveLimits;
pub use crate::middleware::cors::{CorsOrigin, NoOrigin};
pub use crate::rate_limit::RateLimits;
pub use ipnet::IpNet;

use std::fmt;
use subtle::ConstantTimeEq;

/// The settings of HTTP.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address under which people reach this Millstream: the issuer of its tokens. `https` makes browsers insist on
    /// TLS.
    pub public_url: String,
    /// Whether the operator set it. Else it is a guess, and a browser may come by another address.
    pub public_url_given: bool,
    /// What the first person must bring to register.
    pub setup_secret: Secret,
    /// Whether people may register by themselves.
    pub registration_open: bool,
    /// The proxies whose `X-Forwarded-For` or `Forwarded` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// How often people may ask; `None` where nobody is held up.
    pub rate_limits: Option<RateLimits>,
    /// How much live connections may take.
    pub live: LiveLimits,
    /// The sites whose scripts may use the API with what their visitors are logged in with here.
    pub cors_origins: Vec<CorsOrigin>,
}

impl Settings {
    /// Whether people reach this Millstream over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Settings in which all but the address is of no account.
    #[cfg(test)]
    pub(crate) fn for_tests(public_url: Option<&str>) -> Self {
        Self {
            public_url: public_url.unwrap_or("http://127.0.0.1:8080").to_owned(),
            public_url_given: public_url.is_some(),
            setup_secret: Secret::new(""),
            registration_open: true,
            trusted_proxies: Vec::new(),
            rate_limits: None,
            live: LiveLimits::default(),
            cors_origins: Vec::new(),
        }
    }
}

/// A secret text: never printed, compared in constant time.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether this is the secret. An empty secret equals nothing.
    #[must_use]
    pub fn equals(&self, text: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(text.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_opens_nothing() {
        assert!(!Secret::new("").equals(""));
        assert!(Secret::new("a").equals("a"));
        assert!(!Secret::new("a").equals("ab"));
    }
}
