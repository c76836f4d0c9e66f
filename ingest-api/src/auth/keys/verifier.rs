//! The public half of a key, for whoever checks tokens and signs none.

use super::verified::Verified;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use std::fmt;

/// Fewest bytes of the modulus of a key that somebody else publishes: 2,048 bits. Ours have 3,072.
const MODULUS_BYTES_MIN: usize = 2_048 / 8;

/// Checks what one key has signed.
pub(crate) struct Verifier {
    /// The key's id.
    pub(crate) id: String,
    /// The thumbprint of the key itself, whatever its id is.
    thumbprint: String,
    decoding: DecodingKey,
    /// What was found good lately.
    verified: Verified,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Verifier {
    /// Of a key with this id and public half.
    pub(super) fn new(id: String, public: &Jwk) -> Option<Self> {
        Some(Self {
            thumbprint: public.thumbprint(ThumbprintHash::SHA256).ok()?,
            decoding: DecodingKey::from_jwk(public).ok()?,
            verified: Verified::default(),
            id,
        })
    }

    /// Of a key that somebody publishes: RSA of a decent size, for signatures with RS256 or with nothing said, and with an id.
    /// `None` for every other: a set may hold keys for other ends.
    pub(crate) fn published(jwk: &Jwk) -> Option<Self> {
        let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
            return None;
        };
        let common = &jwk.common;
        let (algorithm, used) = (common.key_algorithm, common.public_key_use.as_ref());
        let is_for_tokens = algorithm.is_none_or(|algorithm| algorithm == KeyAlgorithm::RS256)
            && used.is_none_or(|used| *used == PublicKeyUse::Signature);
        let modulus = URL_SAFE_NO_PAD.decode(&rsa.n).ok()?;
        if !is_for_tokens || modulus.len() < MODULUS_BYTES_MIN {
            return None;
        }
        Self::new(common.key_id.clone()?, jwk)
    }

    /// Whether the other one checks the same, under the same name.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.id, &self.thumbprint) == (&other.id, &other.thumbprint)
    }

    /// Whether this key has signed this token: header and payload as they were signed, and the signature behind them.
    pub(crate) fn has_signed(&self, token: &str) -> bool {
        let check = || {
            let (signed, signature) = token.rsplit_once('.')?;
            let bytes = signed.as_bytes();
            crypto::verify(signature, bytes, &self.decoding, Algorithm::RS256).ok()
        };
        self.verified.or_check(token, || check().unwrap_or(false))
    }
}
