//! Where a request comes from: the one place that says so, for the audit, the limits and the log.
//!
//! It is the other end of the connection. Where that is a proxy that the operator trusts, it is what the proxy says of the
//! hop before it, in `X-Forwarded-For` or `Forwarded` (RFC 7239); and so on, from right to left, as long as the hop that
//! says so is itself trusted. What stands further left is anybody's claim.
//!
//! What a trusted hop says and nobody can read, and two headers that say different things, come to nothing: then it is the
//! other end of the connection. A proxy that writes one of the headers and lets the other one through would otherwise let
//! everybody choose where they come from.

mod forwarded;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED: HeaderName = HeaderName::from_static("forwarded");

/// The client of a request: from the peer's address, its headers, and the networks of the proxies that are trusted.
pub(crate) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let x_forwarded_for = headers.contains_key(X_FORWARDED_FOR).then(|| {
        walk(
            peer,
            lines(headers, &X_FORWARDED_FOR).flat_map(|line| hops(&line)),
            trusted,
        )
    });
    let forwarded = headers.contains_key(FORWARDED).then(|| {
        walk(
            peer,
            lines(headers, &FORWARDED).flat_map(|line| forwarded::hops(&line)),
            trusted,
        )
    });
    let said = match (x_forwarded_for, forwarded) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other).flatten(),
    };
    said.unwrap_or(peer)
}

/// A hop that somebody names; `None` where the name is no address.
type Hop = Option<IpAddr>;

/// Goes from hop to hop as long as they are trusted. `None` when one of these names a hop that is no address.
fn walk(peer: IpAddr, hops: impl Iterator<Item = Hop>, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut client = peer;
    for before in hops {
        if !trusted.iter().any(|net| net.contains(&client)) {
            break;
        }
        client = before?.to_canonical();
    }
    Some(client)
}

/// The lines of a header, the last first. What is no UTF-8 in them is kept as what nobody can read: to leave it out would
/// move another hop to its place.
fn lines<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = String> + 'a {
    let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
    lines
        .into_iter()
        .rev()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
}

/// The hops of one line of `X-Forwarded-For`, the last first.
fn hops(line: &str) -> Vec<Hop> {
    line.rsplit(',').map(|hop| address(hop.trim())).collect()
}

/// An address as proxies write it: alone, or with a port, which says nothing; one of IPv6 with or without brackets.
fn address(text: &str) -> Hop {
    let alone = || text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse().ok().map(IpAddr::V6)
    };
    alone().or_else(with_port).or_else(bracketed)
}

#[cfg(test)]
mod tests;
