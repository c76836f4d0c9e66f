//! `If-Match`: the versions that the client knows.

use crate::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::header::IF_MATCH;
use axum::http::request::Parts;
use millstream_store::Versions;
use millstream_store::version::VERSIONS_MAX;

/// The versions that the client knows, if it said: it is enough that the thing has one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IfMatch(pub(crate) Option<Versions>);

/// Versions count from 1: one that no thing ever has stands for a tag that is not ours.
const NEVER: i64 = 0;

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let values = parts.headers.get_all(IF_MATCH).iter();
        // Lines of the same name are one list (RFC 9110, 5.3).
        let lines: Vec<_> = values
            .map(|value| value.to_str().map_err(|_| malformed()))
            .collect::<Result<_, _>>()?;
        if lines.is_empty() {
            return Ok(Self(None));
        }
        Self::parse(&lines.join(","))
    }
}

impl IfMatch {
    fn parse(list: &str) -> Result<Self, ApiError> {
        if list.trim() == "*" {
            return Ok(Self(None));
        }
        let versions = tags(list)?
            .into_iter()
            .map(|tag| version(tag).unwrap_or(NEVER));
        let versions = Versions::of(versions).ok_or_else(|| {
            ApiError::bad_request(format!("If-Match takes at most {VERSIONS_MAX} entity tags"))
        })?;
        Ok(Self(Some(versions)))
    }
}

fn malformed() -> ApiError {
    ApiError::bad_request(
        "If-Match must be *, or entity tags in double quotes with commas between, such as \"7-0123456789abcdef\"",
    )
}

/// What stands between the quotes of each tag of a list. A comma may stand there, too. A proxy that compresses makes tags
/// weak; the version in them is as good.
fn tags(list: &str) -> Result<Vec<&str>, ApiError> {
    let mut tags = Vec::new();
    // Empty places in a list are nothing (RFC 9110, 5.6.1).
    let is_between = |letter: char| matches!(letter, ' ' | '\t' | ',');
    let mut rest = list.trim_start_matches(is_between);
    while !rest.is_empty() {
        let quoted = rest.strip_prefix("W/").unwrap_or(rest);
        let inner = quoted.strip_prefix('"').ok_or_else(malformed)?;
        let (tag, after) = inner.split_once('"').ok_or_else(malformed)?;
        let after = after.trim_start_matches([' ', '\t']);
        if !(after.is_empty() || after.starts_with(',')) {
            return Err(malformed());
        }
        tags.push(tag);
        rest = after.trim_start_matches(is_between);
    }
    if tags.is_empty() {
        return Err(malformed());
    }
    Ok(tags)
}

/// The version in a tag of ours (`7-0123456789abcdef`).
fn version(tag: &str) -> Option<i64> {
    let first = tag.split('-').next()?;
    let version = first.parse().ok().filter(|version| *version > NEVER);
    // `+7` reads as a number, and is not how we write one.
    version.filter(|_| first.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: &[i64]) {
        let versions = Versions::of(expected.iter().copied());
        assert_eq!(
            IfMatch::parse(value).ok(),
            Some(IfMatch(versions)),
            "{value}"
        );
    }

    #[test]
    fn the_version_is_what_counts() {
        check("\"7-0123456789abcdef\"", &[7]);
        check("W/\"7-0123456789abcdef\"", &[7]);
        assert_eq!(IfMatch::parse(" * ").ok(), Some(IfMatch(None)));
    }

    #[test]
    fn of_a_list_every_version_counts() {
        check("\"1-a\", \"2-b\"", &[1, 2]);
        check("\"1-a\",W/\"2-b\" ,, \"x,y\",", &[1, 2, NEVER]);
        let many = ["\"1-a\""; VERSIONS_MAX + 1].join(",");
        assert!(IfMatch::parse(&many).is_err());
    }

    #[test]
    fn a_tag_that_is_not_ours_never_matches() {
        for tag in ["\"x\"", "\"-1\"", "\"\"", "\"0-1\"", "\"+7-a\""] {
            check(tag, &[NEVER]);
        }
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused_with_its_form() {
        for value in [
            "7",
            "",
            ",",
            "\"7",
            "7-a\"",
            "w/\"7\"",
            "\"1\" \"2\"",
            "\"1\", *",
        ] {
            let refused = IfMatch::parse(value).expect_err(value);
            assert!(
                refused.detail.contains("double quotes"),
                "{value}: {refused}"
            );
        }
    }
}
