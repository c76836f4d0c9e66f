//! The values of settings that have a form of their own. Those that are wrong are told with the form that they should have.

use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use url::Url;

/// Fewest characters of a set-up secret: whoever guesses it before the first person registers owns the installation.
const SETUP_SECRET_CHARS_MIN: usize = 12;

/// Kafka's names of topics have at most 249 characters, and ours come behind.
const TOPIC_PREFIX_CHARS_MAX: usize = 200;

/// An address to listen on. The name of a host stands for its first address; of IPv4, where it has one.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let form = "give an address and a port, such as 127.0.0.1:8080, [::1]:8080 or localhost:8080";
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(form.to_owned());
    };
    // What is left of an IPv6 address without brackets is no name.
    if host.is_empty() || host.contains(':') || port.parse::<u16>().is_err() {
        return Err(form.to_owned());
    }
    let found: Vec<_> = text
        .to_socket_addrs()
        .map_err(|error| format!("the host \"{host}\" has no address: {error}"))?
        .collect();
    let first = found
        .iter()
        .find(|address| address.is_ipv4())
        .or(found.first());
    first
        .copied()
        .ok_or_else(|| format!("the host \"{host}\" has no address"))
}

/// The address under which people reach Millstream, as a browser shows it, without the slash at its end.
pub(super) fn public_url(text: &str) -> Result<String, String> {
    let form = |why: &str| format!("{why}: give an address such as https://tasks.example.org");
    let url = Url::parse(text.trim()).map_err(|_| form("it is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(form("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(form("it must hold no name and no password"));
    }
    if url.path() != "/" {
        return Err(form(
            "Millstream stands at the root of a host, so there must be no path",
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(form("it must have no query and no fragment"));
    }
    Ok(url.origin().ascii_serialization())
}

/// Where a service of ours is, without the slash at its end.
pub(super) fn service_url(text: &str) -> Result<String, String> {
    public_url(text).map_err(|_| {
        "give the address of a service of Millstream, without a path, such as http://search:8080".to_owned()
    })
}

/// A folder that several nodes have in common.
pub(super) fn object_store(text: &str) -> Result<PathBuf, String> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| url.scheme() == "file" && url.path() != "/");
    let folder = url.and_then(|url| url.to_file_path().ok());
    folder.ok_or_else(|| {
        "give the URL of a folder, such as file:///srv/millstream/objects; no other object store is supported yet".to_owned()
    })
}

/// Where public keys are published.
pub(super) fn jwks_url(text: &str) -> Result<String, String> {
    let form = "give an address such as http://web:8080/.well-known/jwks.json";
    let url = Url::parse(text.trim()).map_err(|_| form.to_owned())?;
    if matches!(url.scheme(), "http" | "https") && url.password().is_none() {
        Ok(url.into())
    } else {
        Err(form.to_owned())
    }
}

/// A set-up secret. What is wrong with it is told without it.
pub(crate) fn check_setup_secret(text: &str) -> Result<(), String> {
    if text.chars().count() < SETUP_SECRET_CHARS_MIN {
        return Err(format!(
            "the set-up secret (--setup-secret, MILLSTREAM_SETUP_SECRET) must have at least {SETUP_SECRET_CHARS_MIN} \
             characters: whoever guesses it first becomes admin"
        ));
    }
    Ok(())
}

/// Kafka's brokers: hosts with their ports.
pub(super) fn brokers(text: &str) -> Result<String, String> {
    let is_host = |host: &str| {
        let name = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        match name {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && !host.contains([':', '/', '@', '[', ']', ' ']),
        }
    };
    let is_broker = |broker: &str| {
        let (host, port) = broker.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        (port > 0 && is_host(host)).then_some(())
    };
    let mut brokers = text.split(',').map(str::trim);
    match brokers.find(|broker| is_broker(broker).is_none()) {
        Some(wrong) => Err(format!(
            "\"{wrong}\" is no host with its port: give them as in kafka-1.example.org:9092,kafka-2.example.org:9092"
        )),
        None => Ok(text.to_owned()),
    }
}

/// What names of topics may begin with: letters, digits, and the marks that Kafka allows.
pub(super) fn topic_prefix(text: &str) -> Result<String, String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if text.len() > TOPIC_PREFIX_CHARS_MAX || !text.chars().all(is_allowed) {
        return Err(format!(
            "give at most {TOPIC_PREFIX_CHARS_MAX} letters, digits, dots, dashes and underlines, such as millstream."
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_the_origin_that_people_see() {
        for (given, kept) in [
            ("https://tasks.example.org", "https://tasks.example.org"),
            ("https://tasks.example.org/", "https://tasks.example.org"),
            (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("HTTPS://Tasks.Example.org:443", "https://tasks.example.org"),
        ] {
            assert_eq!(public_url(given).as_deref(), Ok(kept), "{given}");
        }
    }

    #[test]
    fn what_is_no_public_url_is_told_with_what_it_should_be() {
        for (given, why) in [
            ("nope", "no URL"),
            ("", "no URL"),
            ("https://", "no URL"),
            ("javascript:alert(1)", "must begin with"),
            ("ftp://tasks.example.org", "must begin with"),
            ("tasks.example.org:8080", "must begin with"),
            ("https://ada:hunter2@tasks.example.org", "no password"),
            ("https://ada@tasks.example.org", "no name"),
            ("https://example.org/tasks", "no path"),
            ("https://example.org/?a=b", "no query"),
            ("https://example.org/#a", "no fragment"),
        ] {
            let told = public_url(given).expect_err(given);
            assert!(told.contains(why), "{given}: {told}");
            assert!(told.contains("such as https://"), "{given}: {told}");
        }
    }

    #[test]
    fn an_address_may_name_its_host() {
        let loopback = "127.0.0.1:8080".parse().expect("an address");
        assert_eq!(address("127.0.0.1:8080"), Ok(loopback));
        assert!(address("localhost:8080").is_ok_and(|address| address.ip().is_loopback()));
        for wrong in [
            "localhost",
            ":8080",
            "8080",
            "localhost:http",
            "::1",
            "::1:8080:x",
            "",
        ] {
            let told = address(wrong).expect_err(wrong);
            assert!(told.contains("such as 127.0.0.1:8080"), "{wrong}: {told}");
        }
        let told = address("no-such-host.invalid:8080").expect_err("no such host");
        assert!(told.contains("no-such-host.invalid"), "{told}");
    }

    #[test]
    fn a_short_setup_secret_is_refused_and_not_repeated() {
        assert_eq!(check_setup_secret("0123456789ab"), Ok(()));
        for short in ["", "x", "hunter2"] {
            let told = check_setup_secret(short).expect_err("too short");
            assert!(told.contains("at least 12"), "{told}");
            assert!(short.is_empty() || !told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn brokers_are_hosts_with_their_ports() {
        for good in ["kafka:9092", "10.0.0.1:9092, 10.0.0.2:9092", "[::1]:9092"] {
            assert_eq!(brokers(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "::::",
            "kafka",
            "kafka:",
            ":9092",
            "kafka:0",
            "kafka:90920",
            "kafka:9092,",
            "kafka:9092;other:9092",
            "SSL://kafka:9092",
            "[::1:9092",
            "::1:9092",
        ] {
            let told = brokers(bad).expect_err(bad);
            assert!(told.contains("kafka-1.example.org:9092"), "{told}");
        }
    }

    #[test]
    fn a_prefix_of_topics_has_what_kafka_takes_in_names() {
        for good in ["millstream.", "", "team-a_tasks."] {
            assert_eq!(topic_prefix(good).as_deref(), Ok(good));
        }
        for bad in ["tasks/", "a b", "ü", &"a".repeat(201)] {
            assert!(topic_prefix(bad).is_err(), "{bad}");
        }
    }
}
