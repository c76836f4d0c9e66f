//! The query: each parameter known, well-formed and given as often as it may be. What is wrong is a 400 that names it.

use crate::error::ApiError;
use crate::extract::value::{parse_id, parse_time};
use crate::problem::Code;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use millstream_store::PageRequest;
use millstream_store::page::{LIMIT_DEFAULT, LIMIT_MAX};
use std::str::FromStr;

/// Most characters of a search text.
pub(crate) const Q_CHARACTERS_MAX: usize = 4 * 1024;
/// Most characters of a cursor.
pub(crate) const CURSOR_CHARACTERS_MAX: usize = 1024;
/// Most values of one repeatable parameter: more than any filter bar shows.
const VALUES_MAX: usize = 100;

/// Parameters that are still to be taken, and what was wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

/// For addresses that take no parameters.
#[derive(Debug)]
pub(crate) struct NoParams;

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Params::parse(parts.uri.query().unwrap_or_default())?.finish(|| Some(Self))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

impl Params {
    /// Reads a query.
    pub(crate) fn parse(query: &str) -> Result<Self, ApiError> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        let pairs = pairs.ok_or_else(|| {
            ApiError::bad_request(
                "the query must be percent-encoded UTF-8 without the character U+0000",
            )
        })?;
        Ok(Self {
            pairs,
            errors: Vec::new(),
        })
    }

    fn wrong(&mut self, name: &str, invalid: Invalid) {
        self.errors.push(invalid.at(name));
    }

    fn take(&mut self, name: &str) -> Vec<String> {
        self.pairs
            .extract_if(.., |(n, _)| n == name)
            .map(|(_, value)| value)
            .collect()
    }

    /// Takes all whose names begin so, by the rest of their names.
    pub(crate) fn below(&mut self, start: &str) -> Vec<(String, String)> {
        let found = self
            .pairs
            .extract_if(.., |(name, _)| name.starts_with(start));
        found
            .map(|(name, value)| (name[start.len()..].to_owned(), value))
            .collect()
    }

    /// A parameter that may be given once.
    pub(crate) fn one<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        let mut values = self.take(name);
        if values.len() > 1 {
            self.wrong(name, Invalid::new(FieldCode::Invalid, "must be given once"));
            return None;
        }
        let value = values.pop()?;
        read(&value)
            .map_err(|invalid| self.wrong(name, invalid))
            .ok()
    }

    /// A parameter that must be given, once.
    pub(crate) fn needed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        if !self.pairs.iter().any(|(n, _)| n == name) {
            self.wrong(name, Invalid::new(FieldCode::Required, "must be given"));
        }
        self.one(name, read)
    }

    /// A parameter that may be repeated, or hold several values between commas. No value is wrong.
    pub(crate) fn many<T>(
        &mut self,
        name: &str,
        read: impl FnMut(&str) -> Result<T, Invalid>,
    ) -> Vec<T> {
        self.up_to(VALUES_MAX, name, read)
    }

    /// The same with a limit of its own.
    pub(crate) fn up_to<T>(
        &mut self,
        max: usize,
        name: &str,
        mut read: impl FnMut(&str) -> Result<T, Invalid>,
    ) -> Vec<T> {
        let values = self.take(name);
        let values: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
        if values.len() > max {
            let message = format!("must have at most {max} values");
            self.wrong(name, Invalid::new(FieldCode::TooLong, message));
            return Vec::new();
        }
        values
            .into_iter()
            .filter_map(|v| read(v).map_err(|invalid| self.wrong(name, invalid)).ok())
            .collect()
    }

    /// Which page.
    pub(crate) fn page(&mut self) -> PageRequest {
        let limit = self.one("limit", |text| match text.parse() {
            Ok(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            _ => Err(Invalid::new(
                FieldCode::OutOfRange,
                format!("must be a number from 1 to {LIMIT_MAX}"),
            )),
        });
        let cursor = self.one("cursor", |text| bounded(text, CURSOR_CHARACTERS_MAX));
        PageRequest {
            limit: limit.unwrap_or(LIMIT_DEFAULT),
            cursor,
        }
    }

    /// A text to search for; an empty one is none.
    pub(crate) fn q(&mut self) -> Option<String> {
        self.one("q", |text| bounded(text, Q_CHARACTERS_MAX))
            .filter(|text| !text.trim().is_empty())
    }

    /// What was read, if nothing was wrong. `build` answers `None` only where a parameter was wrong.
    pub(crate) fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        let mut unknown: Vec<String> = self
            .pairs
            .drain(..)
            .map(|(name, _)| name.chars().take(80).collect())
            .collect();
        unknown.dedup();
        for name in unknown {
            self.wrong(
                &name,
                Invalid::new(FieldCode::Unknown, "is not a parameter of this address"),
            );
        }
        if self.errors.is_empty() {
            return Ok(build().expect("a parameter that could not be read was noted"));
        }
        Err(ApiError::with_fields(Code::BadRequest, self.errors))
    }
}

/// A text of at most so many characters, as a schema counts them.
pub(crate) fn bounded(text: &str, characters_max: usize) -> Result<String, Invalid> {
    if text.chars().nth(characters_max).is_some() {
        return Err(Invalid::new(
            FieldCode::TooLong,
            format!("must have at most {characters_max} characters"),
        ));
    }
    Ok(text.to_owned())
}

/// `true` or `false`.
pub(crate) fn flag(text: &str) -> Result<bool, Invalid> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Invalid::new(FieldCode::NotOneOf, "must be true or false")),
    }
}

/// An id.
pub(crate) fn id<T: FromStr>(text: &str) -> Result<T, Invalid> {
    parse_id(text)
}

/// A time.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, Invalid> {
    parse_time(text)
}

/// A part of a query: plus signs are spaces, the rest percent-encoded UTF-8. `None` for anything else.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || rest.next().and_then(|d| char::from(d).to_digit(16));
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_strictly() {
        assert_eq!(decode("a+b%20%C3%A4").as_deref(), Some("a b ä"));
        for bad in ["%", "%1", "%zz", "%ff", "%00", "%+1"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let Ok(mut params) = Params::parse("limit=0&limit=1&odd=1&team=x&archived=yes") else {
            panic!("well-formed");
        };
        params.page();
        params.many("team", id::<millstream_domain::ids::TeamId>);
        params.one("archived", flag);
        let told: Vec<_> = params
            .finish(|| Some(()))
            .err()
            .into_iter()
            .flat_map(|e| e.fields)
            .collect();
        let names: Vec<_> = told.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(names, ["limit", "team", "archived", "odd"]);
    }

    #[test]
    fn repeated_and_comma_separated_values_are_one_list() {
        let Ok(mut params) = Params::parse("tag=a,b&tag=c") else {
            panic!("well-formed")
        };
        assert_eq!(params.many("tag", |t| Ok(t.to_owned())), ["a", "b", "c"]);
        assert!(params.finish(|| Some(())).is_ok());
    }
}
