//! `If-Match`: the version that the client knows.

use crate::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;

/// The version that the client knows, if it said. One that no thing ever has stands for a tag that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) Option<i64>);

/// Versions count from 1.
const NEVER: i64 = 0;

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut values = parts.headers.get_all(IF_MATCH).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return if parts.headers.contains_key(IF_MATCH) {
                Err(several())
            } else {
                Ok(Self(None))
            };
        };
        Self::parse(value.to_str().unwrap_or_default())
    }
}

impl IfMatch {
    fn parse(value: &str) -> Result<Self, ApiError> {
        match value.trim() {
            "*" => Ok(Self(None)),
            list if list.contains(',') => Err(several()),
            tag => Ok(Self(Some(version(tag).unwrap_or(NEVER)))),
        }
    }
}

fn several() -> ApiError {
    ApiError::bad_request("If-Match takes one entity tag: a thing has one newest version")
}

/// The version in a tag of ours (`"7-0123456789abcdef"`). A proxy that compresses makes tags weak; the version in them
/// is as good.
fn version(tag: &str) -> Option<i64> {
    let inner = tag
        .strip_prefix("W/")
        .unwrap_or(tag)
        .strip_prefix('"')?
        .strip_suffix('"')?;
    inner
        .split('-')
        .next()?
        .parse()
        .ok()
        .filter(|version| *version > NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Option<i64>) {
        assert_eq!(
            IfMatch::parse(value).ok(),
            Some(IfMatch(expected)),
            "{value}"
        );
    }

    #[test]
    fn the_version_is_what_counts() {
        check("\"7-0123456789abcdef\"", Some(7));
        check("W/\"7-0123456789abcdef\"", Some(7));
        check("*", None);
    }

    #[test]
    fn a_tag_that_is_not_ours_never_matches() {
        for tag in ["\"x\"", "7", "\"-1\"", "", "\"0-1\""] {
            check(tag, Some(NEVER));
        }
        assert!(IfMatch::parse("\"1-a\", \"2-b\"").is_err());
    }
}
