//! `Host`: no address of ours is made of what it says (that is what `MILLSTREAM_PUBLIC_URL` is for), but a request that
//! says it twice, or not at all, is read one way by a proxy and another way by what is behind it (RFC 9112, 3.2). So is one
//! whose body is framed in another way than by a length or in chunks (RFC 9112, 6.1).

use crate::error::ApiError;
use axum::extract::Request;
use axum::http::header::{CONNECTION, HOST, TRANSFER_ENCODING};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets requests through that say once, and well, whom they are for and where they end.
pub(crate) async fn check(request: Request, next: Next) -> Result<Response, ApiError> {
    if !is_framed_well(request.headers()) {
        let error = ApiError::bad_request("Transfer-Encoding must be chunked, and nothing else");
        let mut response = error.into_response();
        // Where such a request ends is not agreed on: nothing that follows it is read.
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        return Ok(response);
    }
    if is_good(request.version(), request.headers()) {
        return Ok(next.run(request).await);
    }
    Err(ApiError::bad_request(
        "there must be one Host header, with a name and perhaps a port",
    ))
}

/// Hyper itself asks only that the last encoding is `chunked`, and undoes that one alone: what is left would be taken for the
/// body.
fn is_framed_well(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(encoding), None) => encoding.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
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
    fn a_body_comes_in_chunks_and_in_nothing_else() {
        let framed = |encodings: &[&'static str]| {
            let encodings = encodings
                .iter()
                .map(|encoding| HeaderValue::from_static(encoding));
            let mut headers = HeaderMap::new();
            for encoding in encodings {
                headers.append(TRANSFER_ENCODING, encoding);
            }
            is_framed_well(&headers)
        };
        assert!(framed(&[]) && framed(&["chunked"]) && framed(&["Chunked"]));
        for odd in [
            "",
            "gzip, chunked",
            "foo, chunked",
            "chunked, chunked",
            "chunked,",
            "identity",
        ] {
            assert!(!framed(&[odd]), "{odd}");
        }
        assert!(!framed(&["chunked", "chunked"]) && !framed(&["gzip", "chunked"]));
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
