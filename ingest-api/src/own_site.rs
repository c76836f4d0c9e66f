//! Whether a page of ours asked, as far as the browser says so in `Origin` and `Sec-Fetch-Site`. Cookies come along whoever
//! asks, so what a form or a live connection may do hangs on it.
//!
//! Where `MILLSTREAM_PUBLIC_URL` says where people find us, `Origin` is compared with that, its scheme and port too, and `Host`
//! is not looked at: a proxy may have rewritten it, and a name that somebody else let point at us (DNS rebinding) says what its
//! owner likes. Without the setting there is nothing to compare with but `Host`.

use crate::error::ApiError;
use crate::problem::Code;
use crate::settings::Settings;
use axum::http::header::{HOST, ORIGIN, REFERER};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderName, Uri};

/// What browsers say of where a request comes from.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether it was a page of ours. Browsers that say nothing are held to what else a request must bring.
pub(crate) fn asked(settings: &Settings, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let from_here = text(SEC_FETCH_SITE).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let Some(origin) = headers.get(ORIGIN) else {
        return from_here;
    };
    let Some(origin) = origin.to_str().ok().and_then(Site::of) else {
        return false;
    };
    from_here && origin.is_own(settings, headers)
}

/// Whether the browser says that it was a page of ours. What somebody sent is shown again only then: silence is no proof.
pub(crate) fn is_proven(settings: &Settings, headers: &HeaderMap) -> bool {
    let site = headers.get(SEC_FETCH_SITE);
    let is_told =
        headers.contains_key(ORIGIN) || site.is_some_and(|site| site.as_bytes() == b"same-origin");
    is_told && asked(settings, headers)
}

/// The path and query of the page of ours that a request was sent from, if the browser says so.
pub(crate) fn page_before(settings: &Settings, headers: &HeaderMap) -> Option<String> {
    let url = headers.get(REFERER)?.to_str().ok()?;
    if !Site::of(url)?.is_own(settings, headers) {
        return None;
    }
    let path = url.parse::<Uri>().ok()?.into_parts().path_and_query?;
    Some(path.as_str().to_owned())
}

/// Another page asked, or people came here by another address than the one that is set.
pub(crate) fn refused(settings: &Settings, what: &str) -> ApiError {
    let told = if settings.public_url_given {
        let url = &settings.public_url;
        format!("{what}: open Millstream at {url}, which is its address, and repeat it there")
    } else {
        format!("{what}: load the page again and repeat")
    };
    ApiError::new(Code::Forbidden, told)
}

/// Where a page comes from: its scheme, its host in lower case, its port.
#[derive(PartialEq, Eq)]
struct Site {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl Site {
    /// The site of an address; `None` for `null` and what else is none.
    fn of(url: &str) -> Option<Self> {
        let parts = url.parse::<Uri>().ok()?.into_parts();
        Self::at(&parts.scheme?, parts.authority?.as_str())
    }

    /// The site that is reached under a host, and a port if it is not the usual one.
    fn at(scheme: &Scheme, host: &str) -> Option<Self> {
        let usual = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return None,
        };
        let authority = host.parse::<Authority>().ok()?;
        Some(Self {
            scheme: scheme.clone(),
            host: authority.host().to_ascii_lowercase(),
            port: authority.port_u16().unwrap_or(usual),
        })
    }

    /// Whether it is the one that people find us at.
    fn is_own(&self, settings: &Settings, headers: &HeaderMap) -> bool {
        let own = if settings.public_url_given {
            Self::of(&settings.public_url)
        } else {
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            host.and_then(|host| Self::at(&self.scheme, host))
        };
        own.is_some_and(|own| own == *self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(public_url: Option<&str>, sent: &[(HeaderName, &'static str)], expected: bool) {
        let settings = Settings::for_tests(public_url);
        let headers = sent.iter();
        let headers: HeaderMap = headers
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(
            asked(&settings, &headers),
            expected,
            "{public_url:?} {headers:?}"
        );
    }

    #[test]
    fn without_a_public_url_the_host_is_what_the_origin_is_compared_with() {
        let host = (HOST, "Tasks.example.org");
        let at = |origin| [host.clone(), (ORIGIN, origin)];
        check(None, std::slice::from_ref(&host), true);
        check(None, &at("https://tasks.example.org"), true);
        check(
            None,
            &[
                (HOST, "tasks.example.org:443"),
                (ORIGIN, "https://tasks.example.org"),
            ],
            true,
        );
        check(
            None,
            &[
                (HOST, "tasks.example.org:80"),
                (ORIGIN, "https://tasks.example.org"),
            ],
            false,
        );
        check(
            None,
            &[(HOST, "[::1]:8080"), (ORIGIN, "http://[::1]:8080")],
            true,
        );
        for foreign in [
            "https://evil.example",
            "https://tasks.example.org:8443",
            "null",
            "",
            "file://",
        ] {
            check(None, &at(foreign), false);
        }
        check(None, &[(ORIGIN, "https://tasks.example.org")], false);
    }

    #[test]
    fn a_public_url_is_what_the_origin_must_be_whatever_the_host() {
        let url = Some("https://tasks.example.org");
        for host in ["127.0.0.1:8080", "tasks.example.org", "evil.example"] {
            check(
                url,
                &[(HOST, host), (ORIGIN, "https://tasks.example.org")],
                true,
            );
            check(
                url,
                &[(HOST, host), (ORIGIN, "https://tasks.example.org:443")],
                true,
            );
            for foreign in [
                "https://evil.example",
                "http://tasks.example.org",
                "http://127.0.0.1:8080",
            ] {
                check(url, &[(HOST, host), (ORIGIN, foreign)], false);
            }
        }
        // A name of somebody else's that points here is its own site to the browser, and not ours.
        let rebound = [(HOST, "evil.example"), (ORIGIN, "http://evil.example")];
        check(url, &rebound, false);
        let rebound = [&rebound[..], &[(SEC_FETCH_SITE, "same-origin")]].concat();
        check(url, &rebound, false);
    }

    #[test]
    fn what_the_browser_says_of_the_site_counts_as_well() {
        let host = (HOST, "tasks.example.org");
        for (site, expected) in [
            ("same-origin", true),
            ("none", true),
            ("same-site", false),
            ("cross-site", false),
        ] {
            check(None, &[host.clone(), (SEC_FETCH_SITE, site)], expected);
            let with_origin = [
                host.clone(),
                (SEC_FETCH_SITE, site),
                (ORIGIN, "http://tasks.example.org"),
            ];
            check(None, &with_origin, expected);
        }
    }
}
