//! Tokens that `web` makes for its services, of somebody who came with a cookie or with an API token: a service knows neither.
//!
//! They are signed like access tokens, meant for services alone, and good for a minute: a request. `web` itself takes none, so
//! that nobody gets in by one that leaked from a service's log.

use super::caller::{Caller, Credential};
use super::token::{Claims, InvalidToken, Parts, Times, Tokens};
use crate::auth::keys::Verifier;
use chrono::{DateTime, TimeDelta, Utc};
use millstream_domain::api_token::{Scope, Scopes};
use millstream_domain::ids::{ApiTokenId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long one is good: as long as a request may take.
pub(crate) const LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// Whom they are for.
const AUDIENCE: &str = "millstream-internal";

/// What such a token says.
#[derive(Debug, Serialize, Deserialize)]
struct InternalClaims {
    iss: String,
    sub: UserId,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: Uuid,
    /// The log-in, for somebody with a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    /// The API token, and what it may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    api_token: Option<NarrowedClaim>,
}

/// An API token.
#[derive(Debug, Serialize, Deserialize)]
struct NarrowedClaim {
    id: ApiTokenId,
    scopes: Vec<Scope>,
}

/// What only the audience is asked of at first.
#[derive(Debug, Deserialize)]
struct Meant {
    aud: String,
}

/// Somebody whom `web` has let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Vouched {
    pub(crate) user: UserId,
    pub(crate) credential: Credential,
}

impl Tokens<'_> {
    /// A token for services, of somebody who was let in.
    pub(crate) fn vouch(
        &self,
        caller: &Caller,
        jti: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let (sid, api_token) = match &caller.credential {
            Credential::Session(session) => (Some(*session), None),
            Credential::ApiToken(id, scopes) => {
                let scopes = scopes.iter().collect();
                (None, Some(NarrowedClaim { id: *id, scopes }))
            }
        };
        let claims = InternalClaims {
            iss: self.issuer.to_owned(),
            sub: caller.id,
            aud: AUDIENCE.to_owned(),
            exp: (now + LIFETIME).timestamp(),
            nbf: now.timestamp(),
            iat: now.timestamp(),
            jti,
            sid,
            api_token,
        };
        self.sign(&claims, now)
    }
}

/// Who it is that a token tells of, an access token or one of ours for services.
pub(super) fn vouched(
    parts: &Parts<'_>,
    token: &str,
    key: Option<&Verifier>,
    issuer: &str,
    now: DateTime<Utc>,
) -> Result<Vouched, InvalidToken> {
    let meant: Meant = parts.said(token, key)?;
    if meant.aud != AUDIENCE {
        let claims: Claims = parts.said(token, key)?;
        claims.check(issuer, now)?;
        return Ok(Vouched {
            user: claims.sub,
            credential: Credential::Session(claims.sid),
        });
    }
    let claims: InternalClaims = parts.said(token, key)?;
    if claims.iss != issuer {
        return Err(InvalidToken("issued by somebody else"));
    }
    let times = Times {
        exp: claims.exp,
        nbf: claims.nbf,
        iat: claims.iat,
    };
    times.check(now, LIFETIME)?;
    let credential = match (claims.sid, claims.api_token) {
        (Some(session), None) => Credential::Session(session),
        (None, Some(NarrowedClaim { id, scopes })) => {
            let scopes = Scopes::new(scopes);
            Credential::ApiToken(id, scopes.map_err(|_| InvalidToken("no scope"))?)
        }
        _ => return Err(InvalidToken("not one way in")),
    };
    Ok(Vouched {
        user: claims.sub,
        credential,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::keys::Keys;
    use millstream_domain::clock::SystemClock;
    use millstream_domain::policy::Person;
    use millstream_domain::user::Role;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use tempfile::TempDir;

    const ISSUER: &str = "https://tasks.example.org";

    /// Tokens signed with keys of their own.
    struct Signing {
        keys: Keys,
        _folder: TempDir,
    }

    impl Signing {
        fn new() -> Self {
            let folder = TempDir::new().expect("a folder");
            let keys = Keys::open(&folder.path().join("keys"), Arc::new(SystemClock));
            let keys = keys.expect("keys");
            Self {
                keys,
                _folder: folder,
            }
        }

        fn tokens(&self) -> Tokens<'_> {
            Tokens {
                keys: &self.keys,
                issuer: ISSUER,
            }
        }

        fn vouched(
            &self,
            token: &str,
            issuer: &str,
            at: DateTime<Utc>,
        ) -> Result<Vouched, InvalidToken> {
            let parts = Parts::of(token)?;
            let set = self.keys.set();
            let key = set.find(&parts.kid()?).map(|key| Arc::clone(&key.verifier));
            vouched(&parts, token, key.as_deref(), issuer, at)
        }
    }

    fn ada() -> Caller {
        let person = Person {
            id: UserId(Uuid::from_u128(1)),
            role: Role::Admin,
            teams: BTreeMap::new(),
        };
        Caller::in_browser(person, SessionId(Uuid::from_u128(2)))
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).expect("within range")
    }

    #[tokio::test]
    async fn a_service_believes_it_for_a_minute_and_web_never_does() {
        let signing = Signing::new();
        let caller = ada();
        let token = signing.tokens().vouch(&caller, Uuid::nil(), at(0));
        let token = token.expect("a token");
        for seconds in [-4, 0, 64] {
            let vouched = signing.vouched(&token, ISSUER, at(seconds)).expect("good");
            assert_eq!(vouched.user, caller.id);
            assert_eq!(vouched.credential, caller.credential);
        }
        for (issuer, seconds) in [(ISSUER, -6), (ISSUER, 65), ("https://elsewhere.org", 0)] {
            signing
                .vouched(&token, issuer, at(seconds))
                .expect_err("not good");
        }
        let refused = signing.tokens().check(&token, at(0)).await;
        refused.expect_err("no access token");
        let others = Signing::new();
        let refused = others.vouched(&token, ISSUER, at(0));
        assert_eq!(refused, Err(InvalidToken("unknown key")));
    }

    #[tokio::test]
    async fn the_scopes_of_an_api_token_go_along() {
        let signing = Signing::new();
        let scopes = Scopes::new([Scope::Read, Scope::Admin]).expect("scopes");
        let id = ApiTokenId(Uuid::from_u128(3));
        let mut caller = ada();
        caller.credential = Credential::ApiToken(id, scopes.clone());
        let token = signing.tokens().vouch(&caller, Uuid::nil(), at(0));
        let vouched = signing.vouched(&token.expect("a token"), ISSUER, at(0));
        let vouched = vouched.expect("good");
        assert_eq!(vouched.credential, Credential::ApiToken(id, scopes));
    }
}
