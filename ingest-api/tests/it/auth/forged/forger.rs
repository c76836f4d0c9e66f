//! What a forger works with: a good token of their own, our public key in every form, keys of their own, and, to break one
//! rule at a time, our private key, which no real forger has.

use crate::app::{User, key_folder};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Value, json};
use std::net::SocketAddr;

pub(super) struct Forger {
    /// A good token.
    pub(super) token: String,
    /// A good token of somebody else.
    pub(super) other_token: String,
    /// A refresh token.
    pub(super) refresh_token: String,
    /// Our key.
    ours: EncodingKey,
    /// The public half of ours.
    pub(super) public: Public,
    /// The forger's own keys.
    pub(super) rsa: EncodingKey,
    pub(super) ec: EncodingKey,
    pub(super) ed: EncodingKey,
    /// Where the forger waits for us to ask for a key.
    pub(super) trap: SocketAddr,
}

/// Our public key, in every form that somebody may mistake for a secret.
pub(super) struct Public {
    pub(super) pem: String,
    pub(super) x509: Vec<u8>,
    pub(super) pkcs1: Vec<u8>,
    pub(super) jwk: String,
    pub(super) modulus: String,
}

impl Forger {
    pub(super) fn new(user: &User, other: &User, trap: SocketAddr) -> Self {
        let (ours, public) = our_key();
        let rsa = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa = AsDer::<Pkcs8V1Der<'_>>::as_der(&rsa).unwrap();
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let ed = Ed25519KeyPair::generate().unwrap();
        Self {
            token: user.access_token.clone(),
            other_token: other.access_token.clone(),
            refresh_token: user.refresh_token.clone(),
            ours,
            public,
            rsa: EncodingKey::from_rsa_pem(pem("PRIVATE KEY", rsa.as_ref()).as_bytes()).unwrap(),
            ec: EncodingKey::from_ec_der(ec.to_pkcs8v1().unwrap().as_ref()),
            ed: EncodingKey::from_ed_der(ed.to_pkcs8v1().unwrap().as_ref()),
            trap,
        }
    }

    /// The three parts of the good token.
    pub(super) fn parts(&self) -> [&str; 3] {
        let parts: Vec<_> = self.token.split('.').collect();
        parts.try_into().unwrap()
    }

    /// The good token's header.
    pub(super) fn header(&self) -> Value {
        decoded(self.parts()[0])
    }

    /// The good token's claims.
    pub(super) fn claims(&self) -> Value {
        decoded(self.parts()[1])
    }

    /// The id of our key.
    pub(super) fn kid(&self) -> String {
        self.header()["kid"].as_str().unwrap().to_owned()
    }

    /// The good header with another value; null removes it.
    pub(super) fn header_with(&self, name: &str, value: Value) -> Value {
        with(self.header(), name, value)
    }

    /// The good claims with another value.
    pub(super) fn claims_with(&self, name: &str, value: Value) -> Value {
        with(self.claims(), name, value)
    }

    /// Signed with our key.
    pub(super) fn sign_as_we_do(&self, header: &Value, claims: &Value) -> String {
        self.sign_text_as_we_do(header.to_string(), claims.to_string())
    }

    /// The same, of any text.
    pub(super) fn sign_text_as_we_do(
        &self,
        header: impl AsRef<[u8]>,
        payload: impl AsRef<[u8]>,
    ) -> String {
        sign(header, payload, &self.ours, Algorithm::RS256)
    }

    /// Signed with our key by another algorithm.
    pub(super) fn sign_as_we_do_not(&self, header: &Value, algorithm: Algorithm) -> String {
        let claims = self.claims().to_string();
        sign(header.to_string(), claims, &self.ours, algorithm)
    }

    /// Signed with the forger's RSA key.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        let (header, claims) = (header.to_string(), claims.to_string());
        sign(header, claims, &self.rsa, Algorithm::RS256)
    }

    /// The forger's public key.
    pub(super) fn jwk(&self) -> Value {
        let jwk = Jwk::from_encoding_key(&self.rsa, Algorithm::RS256).unwrap();
        serde_json::to_value(jwk).unwrap()
    }
}

/// A token of this header and payload.
pub(super) fn sign(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let message = format!("{}.{}", encoded(header), encoded(payload));
    let signature = crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(in crate::auth) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decoded(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

/// Without a member.
pub(super) fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name);
    object
}

fn our_key() -> (EncodingKey, Public) {
    let mut files = std::fs::read_dir(key_folder()).unwrap();
    let file = files.next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(file).unwrap();
    let block = &text[text.find("-----BEGIN").unwrap()..];
    let base64: String = block.lines().filter(|line| !line.contains("---")).collect();
    let pair = KeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let public = pair.public_key();
    let x509 = AsDer::<PublicKeyX509Der<'_>>::as_der(public).unwrap();
    let ours = EncodingKey::from_rsa_pem(block.as_bytes()).unwrap();
    let jwk = Jwk::from_encoding_key(&ours, Algorithm::RS256).unwrap();
    let jwk = serde_json::to_value(jwk).unwrap();
    let public = Public {
        pem: pem("PUBLIC KEY", x509.as_ref()),
        x509: x509.as_ref().to_vec(),
        pkcs1: public.as_ref().to_vec(),
        modulus: jwk["n"].as_str().unwrap().to_owned(),
        jwk: json!({"kty": "RSA", "n": jwk["n"], "e": jwk["e"]}).to_string(),
    };
    (ours, public)
}

pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> = base64
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}
