//! Access tokens: JWT (RFC 9068), RS256 and nothing else.
//!
//! *Invariant:* of a token's header, `alg` and `typ` are compared with the only values that ours have, and `kid` finds the
//! key in our own set. A header that says anything else is not one of ours, whatever it says. Nothing of the payload is read
//! before the signature is found good. What does not hold is refused in one and the same way.

use crate::auth::keys::{Keys, Verifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, encode};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::user::Role;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// How long an access token is good for.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// How far the clocks of two servers may be apart.
pub(crate) const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// For whom tokens are meant.
const AUDIENCE: &str = "millstream";
/// What tokens are: access tokens, and no other kind of JWT (RFC 8725, 3.11).
const TYPE: &str = "at+jwt";
/// Most bytes of a token that is looked at; ours have about 1,000.
const BYTES_MAX: usize = 4 * 1024;
/// Most characters of a token's header that are looked at; ours have 107.
const HEADER_MAX: usize = 256;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    /// Who.
    pub(crate) sub: UserId,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
    /// Under which log-in.
    pub(crate) sid: SessionId,
    /// Their role when it was issued: for services that only read the token. Here the database is asked.
    role: Role,
}

/// The header of our tokens, and of no others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OurHeader {
    typ: String,
    alg: String,
    kid: String,
}

/// The token is not good. Which rule it broke is nobody's business but the log's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid: {0}")]
pub(crate) struct InvalidToken(pub(super) &'static str);

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bearer {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) role: Role,
}

/// Issues and checks tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens<'a> {
    /// The keys.
    pub(crate) keys: &'a Keys,
    /// Our name.
    pub(crate) issuer: &'a str,
}

impl Tokens<'_> {
    /// A fresh token.
    pub(crate) fn issue(
        &self,
        bearer: Bearer,
        jti: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        self.sign(
            &Claims {
                iss: self.issuer.to_owned(),
                sub: bearer.user,
                aud: AUDIENCE.to_owned(),
                exp: (now + LIFETIME).timestamp(),
                nbf: now.timestamp(),
                iat: now.timestamp(),
                jti,
                sid: bearer.session,
                role: bearer.role,
            },
            now,
        )
    }

    /// A token that says this, signed by the key that signs now.
    pub(super) fn sign(
        &self,
        claims: &impl Serialize,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let keys = self.keys.set();
        let key = keys.signer(now);
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.id.clone());
        encode(&header, claims, &key.encoding)
    }

    /// What a token says, if it is one of ours and good now.
    pub(crate) async fn check(
        &self,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<Claims, InvalidToken> {
        let parts = Parts::of(token)?;
        let key = self.keys.find(&parts.kid()?).await;
        let verifier = key.map(|key| Arc::clone(&key.verifier));
        let claims: Claims = parts.said(token, verifier.as_deref())?;
        claims.check(self.issuer, now)?;
        Ok(claims)
    }
}

impl Claims {
    /// Whether it is from this issuer, for this API, and good now.
    pub(super) fn check(&self, issuer: &str, now: DateTime<Utc>) -> Result<(), InvalidToken> {
        if self.iss != issuer {
            return Err(InvalidToken("issued by somebody else"));
        }
        if self.aud != AUDIENCE {
            return Err(InvalidToken("meant for somebody else"));
        }
        let times = Times {
            exp: self.exp,
            nbf: self.nbf,
            iat: self.iat,
        };
        times.check(now, LIFETIME)
    }
}

/// A token in its compact form (RFC 7515, 7.1): three parts in base64url, two dots.
pub(super) struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, InvalidToken> {
        if token.len() > BYTES_MAX {
            return Err(InvalidToken("too long"));
        }
        let split = || {
            let (signed, _) = token.rsplit_once('.')?;
            let (header, payload) = signed.split_once('.')?;
            (!payload.contains('.')).then_some(Self { header, payload })
        };
        split().ok_or(InvalidToken("not three parts"))
    }

    /// The id of the key that the header names.
    pub(super) fn kid(&self) -> Result<String, InvalidToken> {
        if self.header.len() > HEADER_MAX {
            return Err(InvalidToken("the header is too long"));
        }
        let header = decoded(self.header)
            .and_then(|header| serde_json::from_slice::<OurHeader>(&header).ok())
            .ok_or(InvalidToken("the header is none of ours"))?;
        if header.alg != "RS256" {
            return Err(InvalidToken("another algorithm than RS256"));
        }
        if header.typ != TYPE {
            return Err(InvalidToken("another kind of token"));
        }
        Ok(header.kid)
    }

    /// What the token says that these are of, if this key has signed it.
    pub(super) fn said<T: DeserializeOwned>(
        &self,
        token: &str,
        key: Option<&Verifier>,
    ) -> Result<T, InvalidToken> {
        let key = key.ok_or(InvalidToken("unknown key"))?;
        if !key.has_signed(token) {
            return Err(InvalidToken("the signature does not fit"));
        }
        decoded(self.payload)
            .and_then(|payload| serde_json::from_slice(&payload).ok())
            .ok_or(InvalidToken("claims are missing, or of another form"))
    }
}

/// Only the one canonical way to write the bytes is read.
fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// From when and until when a token is good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) exp: i64,
    pub(super) nbf: i64,
    pub(super) iat: i64,
}

impl Times {
    /// Whether it is good now, and not for longer than tokens of its kind are.
    pub(super) fn check(self, now: DateTime<Utc>, lifetime: TimeDelta) -> Result<(), InvalidToken> {
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        if now >= self.exp.saturating_add(leeway) {
            return Err(InvalidToken("expired"));
        }
        if self.nbf.max(self.iat).saturating_sub(leeway) > now {
            return Err(InvalidToken("not good yet"));
        }
        if self.exp.saturating_sub(self.iat) > lifetime.num_seconds() {
            return Err(InvalidToken("good for longer than any of ours"));
        }
        Ok(())
    }
}
