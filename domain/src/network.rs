//! What counts as one place on the internet.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Who shares a limit: one IPv4 address, or all IPv6 addresses of one /64, which is the least that one customer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let first_half = v6.to_bits() >> 64 << 64;
                IpAddr::V6(Ipv6Addr::from_bits(first_half))
            }
            v4 @ IpAddr::V4(_) => v4,
        })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(v4) => v4.fmt(f),
            IpAddr::V6(v6) => write!(f, "{v6}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &str) {
        let network = address.parse().map(Network::of);
        assert_eq!(
            network.map(|n| n.to_string()).as_deref(),
            Ok(expected),
            "{address}"
        );
    }

    #[test]
    fn ipv6_addresses_of_one_customer_are_one_place() {
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
        check("2001:db8:1:2::", "2001:db8:1:2::/64");
        check("2001:db8:1:3::1", "2001:db8:1:3::/64");
        check("::1", "::/64");
    }

    #[test]
    fn an_ipv4_address_is_itself_however_it_is_written() {
        check("192.0.2.7", "192.0.2.7");
        check("::ffff:192.0.2.7", "192.0.2.7");
    }
}
