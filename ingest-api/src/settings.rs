//! What the operator decides about HTTP.

use ipnet::IpNet;
use std::fmt;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// The settings of HTTP.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address under which people reach this Millstream: the issuer of its tokens. `https` makes browsers insist on
    /// TLS.
    pub public_url: String,
    /// What the first person must bring to register.
    pub setup_secret: Secret,
    /// Whether people may register by themselves.
    pub registration_open: bool,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
}

impl Settings {
    /// Whether people reach this Millstream over TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// The address of the client: the peer, or, behind trusted proxies, the last one in the chain that is not one.
    #[must_use]
    pub(crate) fn client_ip<'a>(
        &self,
        peer: Option<IpAddr>,
        forwarded: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Option<IpAddr> {
        let peer = peer.map(|ip| ip.to_canonical())?;
        let mut client = peer;
        let mut chain = forwarded.rev();
        while self.trusts(client) {
            // An entry that is no address ends the chain: what stands before it is anybody's claim.
            match chain
                .next()
                .and_then(|text| text.trim().parse::<IpAddr>().ok())
            {
                Some(before) => client = before.to_canonical(),
                None => break,
            }
        }
        Some(client)
    }

    fn trusts(&self, ip: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&ip))
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

    fn settings(trusted: &[&str]) -> Settings {
        Settings {
            public_url: "http://localhost".into(),
            setup_secret: Secret::new("s"),
            registration_open: true,
            trusted_proxies: trusted.iter().filter_map(|net| net.parse().ok()).collect(),
        }
    }

    fn check(trusted: &[&str], peer: &str, forwarded: &[&str], expected: &str) {
        let client = settings(trusted).client_ip(peer.parse().ok(), forwarded.iter().copied());
        assert_eq!(
            client.map(|ip| ip.to_string()).as_deref(),
            Some(expected),
            "{forwarded:?}"
        );
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        check(&[], "198.51.100.7", &["203.0.113.9"], "198.51.100.7");
        check(&["10.0.0.0/8"], "10.0.0.1", &["203.0.113.9"], "203.0.113.9");
        check(
            &["10.0.0.0/8"],
            "::ffff:10.0.0.1",
            &["203.0.113.9"],
            "203.0.113.9",
        );
    }

    #[test]
    fn what_a_client_claims_before_the_proxies_does_not_count() {
        check(
            &["10.0.0.0/8"],
            "10.0.0.1",
            &["1.2.3.4", "203.0.113.9", "10.0.0.2"],
            "203.0.113.9",
        );
        check(
            &["10.0.0.0/8"],
            "10.0.0.1",
            &["1.2.3.4", "nonsense"],
            "10.0.0.1",
        );
    }

    #[test]
    fn an_empty_secret_opens_nothing() {
        assert!(!Secret::new("").equals(""));
        assert!(Secret::new("a").equals("a"));
        assert!(!Secret::new("a").equals("ab"));
    }
}
