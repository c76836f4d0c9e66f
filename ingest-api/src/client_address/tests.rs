//! Who is believed, and how far.

use super::*;

/// Checks what becomes of a request from `peer` with these headers, where `10.0.0.0/8` and `fd00::/8` are trusted.
fn check(peer: &str, headers: &[(&str, &[u8])], expected: &str) {
    let trusted: Vec<IpNet> = ["10.0.0.0/8", "fd00::/8"]
        .iter()
        .filter_map(|net| net.parse().ok())
        .collect();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).expect("a header");
        map.append(HeaderName::try_from(*name).expect("a name"), value);
    }
    let peer = peer.parse().expect("an address");
    let client = client_address(peer, &map, &trusted).to_string();
    assert_eq!(client, expected, "{peer} {map:?}");
}

fn xff(value: &str) -> (&'static str, &[u8]) {
    ("x-forwarded-for", value.as_bytes())
}

fn forwarded(value: &str) -> (&'static str, &[u8]) {
    ("forwarded", value.as_bytes())
}

#[test]
fn only_trusted_proxies_are_believed() {
    check("198.51.100.7", &[xff("203.0.113.9")], "198.51.100.7");
    check(
        "198.51.100.7",
        &[forwarded("for=203.0.113.9")],
        "198.51.100.7",
    );
    check("10.0.0.1", &[xff("203.0.113.9")], "203.0.113.9");
    check("::ffff:10.0.0.1", &[xff("203.0.113.9")], "203.0.113.9");
    check("fd00::1", &[forwarded("for=203.0.113.9")], "203.0.113.9");
    check("10.0.0.1", &[], "10.0.0.1");
}

#[test]
fn what_a_client_claims_before_the_proxies_does_not_count() {
    check(
        "10.0.0.1",
        &[xff("1.2.3.4, 203.0.113.9, 10.0.0.2")],
        "203.0.113.9",
    );
    check(
        "10.0.0.1",
        &[xff("1.2.3.4"), xff("203.0.113.9,10.0.0.2")],
        "203.0.113.9",
    );
    check("10.0.0.1", &[xff("nonsense, 203.0.113.9")], "203.0.113.9");
    check(
        "10.0.0.1",
        &[("x-forwarded-for", b"\xff\xfe, 203.0.113.9")],
        "203.0.113.9",
    );
    check(
        "10.0.0.1",
        &[forwarded("for=1.2.3.4, for=203.0.113.9;proto=https")],
        "203.0.113.9",
    );
    check(
        "10.0.0.1",
        &[forwarded(r#"for="1.2.3.4, for=203.0.113.9"#)],
        "203.0.113.9",
    );
    check(
        "10.0.0.1",
        &[forwarded(r#"for="a\", for=203.0.113.9"#)],
        "203.0.113.9",
    );
}

#[test]
fn where_all_hops_are_trusted_it_is_the_first() {
    check("10.0.0.1", &[xff("10.0.0.3, 10.0.0.2")], "10.0.0.3");
}

#[test]
fn what_nobody_can_read_comes_to_nothing() {
    for bad in [
        "nonsense",
        "203.0.113.9, unknown",
        "",
        "203.0.113.9,",
        "203.0.113.256",
        "fe80::1%eth0",
    ] {
        check("10.0.0.1", &[xff(bad)], "10.0.0.1");
    }
    check("10.0.0.1", &[xff("nonsense, 10.0.0.2")], "10.0.0.1");
    check(
        "10.0.0.1",
        &[("x-forwarded-for", b"203.0.113.9, \xff")],
        "10.0.0.1",
    );
    for bad in [
        "for=_hidden",
        "for=unknown",
        "by=203.0.113.9",
        "for=1.1.1.1;for=2.2.2.2",
        "203.0.113.9",
        "for=\"1.2.3.4",
    ] {
        check("10.0.0.1", &[forwarded(bad)], "10.0.0.1");
    }
}

#[test]
fn addresses_are_read_as_proxies_write_them() {
    for (said, meant) in [
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::17", "2001:db8::17"),
        ("[2001:db8::17]", "2001:db8::17"),
        ("[2001:db8::17]:4711", "2001:db8::17"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
    ] {
        check("10.0.0.1", &[xff(said)], meant);
        check(
            "10.0.0.1",
            &[forwarded(&format!("For=\"{said}\";by=10.0.0.1"))],
            meant,
        );
    }
    check(
        "10.0.0.1",
        &[forwarded(
            r#"proto=https;host="a,b;for=1.2.3.4";for="203.0.113.\9""#,
        )],
        "203.0.113.9",
    );
}

#[test]
fn two_headers_must_say_the_same() {
    check(
        "10.0.0.1",
        &[xff("203.0.113.9"), forwarded("for=203.0.113.9")],
        "203.0.113.9",
    );
    check(
        "10.0.0.1",
        &[xff("203.0.113.9"), forwarded("for=1.2.3.4")],
        "10.0.0.1",
    );
    check(
        "10.0.0.1",
        &[xff("1.2.3.4"), forwarded("for=203.0.113.9")],
        "10.0.0.1",
    );
    check(
        "10.0.0.1",
        &[xff("203.0.113.9"), forwarded("nonsense")],
        "10.0.0.1",
    );
}
