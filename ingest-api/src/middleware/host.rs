//! `Host`: no address of ours is made of what it says (that is what `MILLSTREAM_PUBLIC_URL` is for), but a request that
//! says it twice, or not at all, is read one way by a proxy and another way by what is behind it (RFC 9112, 3.2).

use crate::error::ApiError;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Version};
use axum::middleware::Next;
use axum::response::Response;

/// Lets requests through that say once, and well, whom they are for.
pub(crate) async fn check(request: Request, next: Next) -> Result<Response, ApiError> {
    if is_good(request.version(), request.headers()) {
        return Ok(next.run(request).await);
    }
    Err(ApiError::bad_request(
        "there must be one Host header, with a name and perhaps a port",
    ))
}

/// HTTP/1.0 had no such header, but two of them, or one that is none, were never right.
fn is_good(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => version == Version::HTTP_10,
        (Some(host), None) => {
            let host = host
                .to_str()
                .ok()
                .and_then(|host| host.parse::<Authority>().ok());
            host.is_some_and(|host| !host.as_str().contains('@'))
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(version: Version, hosts: &[&'static str], expected: bool) {
        let hosts = hosts
            .iter()
            .map(|host| (HOST, HeaderValue::from_static(host)));
        let mut headers = HeaderMap::new();
        for (name, host) in hosts {
            headers.append(name, host);
        }
        assert_eq!(is_good(version, &headers), expected, "{headers:?}");
    }

    #[test]
    fn it_is_said_once_and_well() {
        check(Version::HTTP_11, &["mill.example.org"], true);
        check(Version::HTTP_11, &["127.0.0.1:8080"], true);
        check(Version::HTTP_11, &["[::1]:8080"], true);
        check(Version::HTTP_11, &[], false);
        check(Version::HTTP_10, &[], true);
        check(Version::HTTP_11, &["a", "b"], false);
        check(Version::HTTP_10, &["a", "a"], false);
        for odd in ["", "a b", "ada@mill", "mill/path", "mill, mill"] {
            check(Version::HTTP_11, &[odd], false);
        }
    }
}
