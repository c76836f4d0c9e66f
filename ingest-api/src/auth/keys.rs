//! The keys that access tokens are signed with: RSA 3072, one PEM file (PKCS#8) each, mode 600.
//!
//! ```text
//! <data dir>/keys/jwt-20261121T093000Z.pem
//! ```
//!
//! The newest by name signs; all verify, so that a key can be changed without logging anybody out: put a new one beside the
//! old, restart, and remove the old one when the last token signed with it has expired. A key's id is its thumbprint
//! (RFC 7638).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What the names of key files begin and end with.
const PREFIX: &str = "jwt-";
const SUFFIX: &str = ".pem";

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file or the folder cannot be read or written.
    #[error("the key \"{}\" cannot be opened", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the key \"{}\" can be read by others (mode {mode:o}); run chmod 600 on it", .path.display())]
    Exposed {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no RSA key that we can use.
    #[error("\"{}\" is not an RSA key in PKCS#8 PEM form", .path.display())]
    Malformed {
        /// Which.
        path: PathBuf,
    },
    /// The cryptography library refused to make one.
    #[error("no key could be made")]
    Refused,
}

/// A key.
pub(crate) struct Key {
    /// Its id.
    pub(crate) id: String,
    /// Signs.
    pub(crate) encoding: EncodingKey,
    /// Verifies.
    pub(crate) decoding: DecodingKey,
    public: Jwk,
    public_pem: String,
}

/// The keys of an installation; never empty.
pub struct KeySet {
    /// Newest first.
    keys: Vec<Key>,
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.id))
            .finish()
    }
}

impl KeySet {
    /// The keys in this folder. A first one is made, and named after `now`, when there is none.
    pub fn load_or_create(folder: &Path, now: DateTime<Utc>) -> Result<Self, KeyError> {
        let mut paths = files(folder)?;
        if paths.is_empty() {
            paths.push(create(folder, now)?);
        }
        paths.sort();
        let keys = paths
            .iter()
            .rev()
            .map(|path| load(path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { keys })
    }

    /// The key that signs.
    pub(crate) fn newest(&self) -> &Key {
        self.keys
            .first()
            .expect("a set is loaded with at least one key")
    }

    /// The key of this id.
    pub(crate) fn find(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The public halves.
    #[must_use]
    pub fn jwks(&self) -> JwkSet {
        JwkSet {
            keys: self.keys.iter().map(|key| key.public.clone()).collect(),
        }
    }

    /// The public half of the key that signs, as PEM.
    #[must_use]
    pub fn public_pem(&self) -> &str {
        &self.newest().public_pem
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, KeyError> {
    let failed = |source| KeyError::File {
        path: folder.to_owned(),
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if name
            .to_str()
            .is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX))
        {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn create(folder: &Path, now: DateTime<Utc>) -> Result<PathBuf, KeyError> {
    let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| KeyError::Refused)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).map_err(|_| KeyError::Refused)?;
    let path = folder.join(format!("{PREFIX}{}{SUFFIX}", now.format("%Y%m%dT%H%M%SZ")));
    let failed = |source| KeyError::File {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    write_private(&path, &pem("PRIVATE KEY", der.as_ref())).map_err(failed)?;
    Ok(path)
}

/// Writes a file that only its owner can read, from its first byte on; it stands there whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

fn load(path: &Path) -> Result<Key, KeyError> {
    check_mode(path)?;
    let text = fs::read_to_string(path).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })?;
    key(&text).ok_or_else(|| KeyError::Malformed {
        path: path.to_owned(),
    })
}

fn key(text: &str) -> Option<Key> {
    let der = unpem(text)?;
    let pair = KeyPair::from_pkcs8(&der).ok()?;
    let public_der = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).ok()?;
    let encoding = EncodingKey::from_rsa_pem(text.as_bytes()).ok()?;
    let mut public = Jwk::from_encoding_key(&encoding, Algorithm::RS256).ok()?;
    let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
    public.common.key_id = Some(id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    public.common.key_operations = None::<Vec<KeyOperations>>;
    let decoding = DecodingKey::from_jwk(&public).ok()?;
    Some(Key {
        id,
        encoding,
        decoding,
        public,
        public_pem: pem("PUBLIC KEY", public_der.as_ref()),
    })
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let found = fs::metadata(path).map_err(|source| KeyError::File {
        path: path.to_owned(),
        source,
    })?;
    // Nothing for the group and for others: the six lowest bits.
    let mode = found.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(KeyError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), KeyError> {
    Ok(())
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

fn unpem(text: &str) -> Option<Vec<u8>> {
    let body = text
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")?
        .strip_suffix("-----END PRIVATE KEY-----")?;
    let base64: String = body.split_whitespace().collect();
    STANDARD.decode(base64).ok()
}
