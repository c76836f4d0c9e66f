//! Where a Redis is, who we are to it, and whose word we take that it is the one; and what its refusals mean.

use redis::{Client, ConnectionAddr, ErrorKind, TlsCertificates};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::error::Error;
use std::io;
use std::sync::Arc;

/// Why there cannot be such a server. The names are those of the settings; the URL may hold a password, and is not told.
#[derive(Debug, thiserror::Error)]
pub enum InvalidServer {
    /// The text is not the URL of a Redis.
    #[error(
        "it is not the URL of a Redis, such as redis://127.0.0.1:6379 or rediss://user:password@redis.example.org"
    )]
    Url(#[source] redis::RedisError),
    /// It asks for TLS with anybody.
    #[error(
        "certificates are looked at in any case: take #insecure away, and name the authority in REDIS_CA_FILE"
    )]
    Insecure,
    /// There is an authority, and no TLS.
    #[error("with REDIS_CA_FILE, it has to begin with rediss://")]
    NoTls,
    /// The authority is none.
    #[error(
        "what REDIS_CA_FILE names holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)"
    )]
    Authority,
}

/// A client of this server, which has not connected yet.
pub(super) fn client(url: &str, authority: Option<&[u8]>) -> Result<Client, InvalidServer> {
    choose_back_end();
    let client = Client::open(url).map_err(InvalidServer::Url)?;
    let (has_tls, is_insecure) = match client.get_connection_info().addr() {
        ConnectionAddr::TcpTls { insecure, .. } => (true, *insecure),
        _ => (false, false),
    };
    if is_insecure {
        return Err(InvalidServer::Insecure);
    }
    let Some(authority) = authority else {
        return Ok(client);
    };
    if !has_tls {
        return Err(InvalidServer::NoTls);
    }
    let mut certificates = CertificateDer::pem_slice_iter(authority).peekable();
    if certificates.peek().is_none() || certificates.any(|it| it.is_err()) {
        return Err(InvalidServer::Authority);
    }
    let trusted = TlsCertificates {
        client_tls: None,
        root_cert: Some(authority.to_vec()),
    };
    Client::build_with_tls(url, trusted).map_err(|_| InvalidServer::Authority)
}

/// The tree brings two back ends of TLS, so that rustls takes neither by itself. Whoever was first has chosen.
fn choose_back_end() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Whether the server wants to know who we are, or does not believe it.
pub(super) fn is_not_let_in(error: &redis::RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

/// Whether the server has no room for what it was to keep.
pub(super) fn is_full(error: &redis::RedisError) -> bool {
    error.code() == Some("OOM")
}

/// The first refusal of several that belong together: the others say the same of the commands behind it.
pub(super) fn first(error: redis::RedisError) -> redis::RedisError {
    let several = error.clone().into_server_errors();
    let first = several.and_then(|it| it.first().map(|(_, first)| first.clone()));
    first.map_or(error, redis::RedisError::from)
}

/// Whether it is the server's certificate that we do not believe.
pub(super) fn is_untrusted(error: &redis::RedisError) -> bool {
    let told = error.source().and_then(|it| it.downcast_ref::<Told>());
    let io = told.and_then(|it| it.downcast_ref::<io::Error>());
    let inner = io.and_then(io::Error::get_ref);
    let tls = inner.and_then(|it| it.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
}

/// What the client keeps of the errors of others.
type Told = Arc<dyn Error + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, authority: Option<&[u8]>) -> String {
        let refused = client(url, authority).err();
        let told = refused.map(|it| it.to_string()).unwrap_or_default();
        assert!(!told.contains("chaff"), "{told}");
        told
    }

    #[test]
    fn urls_with_tls_and_a_login_are_taken() {
        for url in [
            "redis://127.0.0.1:6379",
            "redis://:grist-and-chaff@127.0.0.1",
            "rediss://millstream:grist%40chaff@redis.example.org:6380/2",
        ] {
            assert_eq!(refusal(url, None), "", "{url}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told_without_the_password() {
        let told = refusal("https://millstream:chaff@redis.example.org", None);
        assert!(told.contains("it is not the URL of a Redis"), "{told}");
        let told = refusal(
            "rediss://millstream:chaff@redis.example.org/#insecure",
            None,
        );
        assert!(told.contains("REDIS_CA_FILE"), "{told}");
        let told = refusal("redis://:chaff@redis.example.org", Some(b"anything"));
        assert!(told.contains("rediss://"), "{told}");
        for no_certificate in [&b""[..], b"-----BEGIN CERTIFICATE-----\nchaff\n"] {
            let told = refusal("rediss://:chaff@redis.example.org", Some(no_certificate));
            assert!(told.contains("no certificate"), "{told}");
        }
    }
}
