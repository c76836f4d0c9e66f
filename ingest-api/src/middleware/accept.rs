//! `Accept`: a client that rules out JSON is told so before anything is done.

use crate::error::ApiError;
use crate::problem::Code;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::middleware::Next;
use axum::response::Response;

/// For addresses that answer in JSON.
pub(crate) async fn json(request: Request, next: Next) -> Result<Response, ApiError> {
    if accepts(
        request.headers(),
        &["application/json", "application/problem+json"],
    ) {
        return Ok(next.run(request).await);
    }
    Err(ApiError::new(
        Code::NotAcceptable,
        "this address answers in application/json",
    ))
}

/// Whether one of the forms is accepted. A range with `q=0` rules its forms out unless another, exact one names them.
pub(crate) fn accepts(headers: &HeaderMap, forms: &[&str]) -> bool {
    let ranges: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .collect();
    ranges.iter().all(|range| range.trim().is_empty())
        || forms.iter().any(|form| accepts_form(&ranges, form))
}

fn accepts_form(ranges: &[&str], form: &str) -> bool {
    let kind = form.split('/').next().unwrap_or_default();
    let specificity = |range: &str| match range {
        _ if range == form => Some(2),
        _ if range.strip_suffix("/*") == Some(kind) => Some(1),
        "*/*" => Some(0),
        _ => None,
    };
    let fitting = ranges.iter().filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let specific = specificity(&parts.next()?.to_ascii_lowercase())?;
        let q = parts
            .find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok())
            .unwrap_or(1.0);
        Some((specific, q > 0.0))
    });
    fitting
        .max_by_key(|(specific, _)| *specific)
        .is_some_and(|(_, wanted)| wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn check(accept: &'static str, expected: bool) {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        assert_eq!(
            accepts(&headers, &["application/json"]),
            expected,
            "{accept}"
        );
    }

    #[test]
    fn ranges_and_weights_are_understood() {
        check("", true);
        check("*/*", true);
        check("text/html, application/*;q=0.1", true);
        check("application/json; charset=utf-8", true);
        check("text/html", false);
        check("*/*, application/json;q=0", false);
        check("application/*;q=0, application/json", true);
        assert!(accepts(&HeaderMap::new(), &["application/json"]));
    }
}
