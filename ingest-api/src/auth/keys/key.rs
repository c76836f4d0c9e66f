//! One key: RSA 3072 in PKCS#8 PEM, with two lines before it that say since when it is there and from when it signs.
//!
//! ```text
//! Made: 2026-11-21T09:30:00.000000Z
//! Signs-From: 2026-11-21T09:31:30.000000Z
//! -----BEGIN PRIVATE KEY-----
//! ```
//!
//! Text before a PEM block is left alone by other tools (RFC 7468). A key without these lines, which somebody brought or an
//! older version made, was made at the time of its name and signs from then on.

use super::KeyError;
use super::verifier::Verifier;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, Utc};
use jsonwebtoken::jwk::{Jwk, KeyOperations, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};
use std::fmt;
use std::sync::Arc;

/// The form of times in names of files.
const NAME_TIME: &str = "%Y%m%dT%H%M%SZ";
/// What names of files begin with.
pub(super) const PREFIX: &str = "jwt-";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// A key.
pub(crate) struct Key {
    /// Its id: its thumbprint (RFC 7638).
    pub(crate) id: String,
    /// Since when it is there.
    pub(crate) made: DateTime<Utc>,
    /// From when it signs.
    pub(crate) signs_from: DateTime<Utc>,
    /// Signs.
    pub(crate) encoding: EncodingKey,
    /// Verifies.
    pub(crate) verifier: Arc<Verifier>,
    /// The public half, as JWK.
    pub(crate) public: Jwk,
    /// The public half, as PEM.
    pub(crate) public_pem: String,
    /// The name of its file.
    pub(super) file: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}

/// The text of a fresh key, and the name of the file that it belongs into.
pub(super) fn fresh(
    made: DateTime<Utc>,
    signs_from: DateTime<Utc>,
) -> Result<(String, String), KeyError> {
    let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| KeyError::Refused)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyError::Refused)?;
    let text = format!(
        "Made: {}\nSigns-From: {}\n{}",
        exact(made),
        exact(signs_from),
        pem("PRIVATE KEY", der.as_ref())
    );
    let key = Key::read("", &text).ok_or(KeyError::Refused)?;
    // The id in the name: two that are made in the same second, on two nodes, do not overwrite each other.
    let name = format!("{PREFIX}{}-{}.pem", made.format(NAME_TIME), &key.id[..8]);
    Ok((name, text))
}

impl Key {
    /// The key in this text; `None` if it is none of ours.
    pub(super) fn read(file: &str, text: &str) -> Option<Self> {
        let (head, block) = text.split_at(text.find(BEGIN)?);
        let der = unpem(block)?;
        let pair = KeyPair::from_pkcs8(&der).ok()?;
        let public_der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?;
        let encoding = EncodingKey::from_rsa_pem(block.as_bytes()).ok()?;
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::RS256).ok()?;
        let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_operations = None::<Vec<KeyOperations>>;
        let verifier = Arc::new(Verifier::new(id.clone(), &public)?);
        let made = line(head, "Made: ").or_else(|| time_in_name(file))?;
        Some(Self {
            id,
            made,
            signs_from: line(head, "Signs-From: ").unwrap_or(made),
            encoding,
            verifier,
            public,
            public_pem: pem("PUBLIC KEY", public_der.as_ref()),
            file: file.to_owned(),
        })
    }
}

/// The time that a line before the key tells.
pub(super) fn line(head: &str, name: &str) -> Option<DateTime<Utc>> {
    word(head, name)?.parse().ok()
}

/// What a line before the key tells.
pub(super) fn word<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name))
        .map(str::trim)
}

fn time_in_name(file: &str) -> Option<DateTime<Utc>> {
    let rest = file.strip_prefix(PREFIX)?;
    let time = rest.split_once(['-', '.']).map_or(rest, |(time, _)| time);
    let time = NaiveDateTime::parse_from_str(time, NAME_TIME).ok()?;
    Some(time.and_utc())
}

/// A time in a file, as exact as our clock is: of two keys that are made in the same second, the later one signs.
pub(super) fn exact(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// PEM (RFC 7468): base64 in lines of 64.
fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in base64.as_bytes().chunks(64) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

fn unpem(block: &str) -> Option<Vec<u8>> {
    let body = block.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = body.split_whitespace().collect();
    STANDARD.decode(base64).ok()
}
