//! Access tokens: JWT (RFC 9068), RS256 and nothing else. The key is looked up in our own set by its id; nothing else in a
//! token's header is believed.

use crate::auth::keys::KeySet;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use millstream_domain::ids::{SessionId, UserId};
use millstream_domain::user::Role;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long an access token is good for.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::minutes(15);
/// How far the clocks of two servers may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(5);
/// For whom tokens are meant.
const AUDIENCE: &str = "millstream";
/// Most bytes of a token that is looked at; ours have about 900.
const BYTES_MAX: usize = 4 * 1024;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    /// Who.
    pub(crate) sub: UserId,
    aud: String,
    exp: i64,
    iat: i64,
    jti: Uuid,
    /// Under which log-in.
    pub(crate) sid: SessionId,
    /// Their role when it was issued: for services that only read the token. Here the database is asked.
    role: Role,
}

/// The token is not good. Which rule it broke is nobody's business but the log's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the access token is not valid: {0}")]
pub(crate) struct InvalidToken(&'static str);

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
    pub(crate) keys: &'a KeySet,
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
        let key = self.keys.newest();
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key.id.clone());
        let claims = Claims {
            iss: self.issuer.to_owned(),
            sub: bearer.user,
            aud: AUDIENCE.to_owned(),
            exp: (now + LIFETIME).timestamp(),
            iat: now.timestamp(),
            jti,
            sid: bearer.session,
            role: bearer.role,
        };
        encode(&header, &claims, &key.encoding)
    }

    /// What a token says, if it is one of ours and good now.
    pub(crate) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, InvalidToken> {
        if token.len() > BYTES_MAX {
            return Err(InvalidToken("too long"));
        }
        let header = decode_header(token).map_err(|_| InvalidToken("not a JWT"))?;
        if header.alg != Algorithm::RS256 {
            return Err(InvalidToken("another algorithm than RS256"));
        }
        if !matches!(
            header.typ.as_deref(),
            None | Some("at+jwt" | "application/at+jwt" | "JWT")
        ) {
            return Err(InvalidToken("another kind of token"));
        }
        if header.crit.is_some() {
            return Err(InvalidToken("an extension that is not understood"));
        }
        let key = header
            .kid
            .as_deref()
            .and_then(|id| self.keys.find(id))
            .ok_or(InvalidToken("unknown key"))?;
        let decoded = decode::<Claims>(token, &key.decoding, &self.rules());
        let claims = decoded
            .map_err(|_| InvalidToken("signature or claims do not fit"))?
            .claims;
        timely(&claims, now)?;
        Ok(claims)
    }

    fn rules(&self) -> Validation {
        let mut rules = Validation::new(Algorithm::RS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[self.issuer]);
        rules.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
        // The library reads the machine's clock; ours is the one that tests set.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        rules
    }
}

fn timely(claims: &Claims, now: DateTime<Utc>) -> Result<(), InvalidToken> {
    let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
    if now >= claims.exp.saturating_add(leeway) {
        return Err(InvalidToken("expired"));
    }
    if claims.iat.saturating_sub(leeway) > now {
        return Err(InvalidToken("issued in the future"));
    }
    if claims.exp.saturating_sub(claims.iat) > LIFETIME.num_seconds() {
        return Err(InvalidToken("good for longer than any of ours"));
    }
    Ok(())
}
