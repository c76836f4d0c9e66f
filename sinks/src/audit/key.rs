//! The key that signs checkpoints: Ed25519, kept in a file in the form of Go's `sumdb/note` and C2SP's vkeys, so that
//! other tools of transparency logs read it.
//!
//! ```text
//! PRIVATE+KEY+<name>+<hash>+<base64 of 0x01 and the seed>      the file, mode 600
//! <name>+<hash>+<base64 of 0x01 and the public key>            the verifier key, for everybody
//! ```
//!
//! `hash` is the beginning of SHA-256 over name, line feed, 0x01 and public key, in hexadecimal. The name is made of the
//! public key and is also the checkpoints' origin: each installation's audit is a log of its own.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The algorithm's number in C2SP signed-note.
const ED25519_NUMBER: u8 = 1;

/// What the file's text begins with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the audit key \"{}\" cannot be opened", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others may read the file.
    #[error("the audit key \"{}\" can be read by others (mode {mode:o}); run chmod 600 on it", .path.display())]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The text is not a key.
    #[error("not an Ed25519 key in the form \"name+hash+base64\"")]
    Malformed,
    /// The cryptography library refused to make one.
    #[error("no key could be made")]
    Refused,
}

/// The public half: checks signatures. Prints as `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    fn of(public: [u8; 32]) -> Self {
        let id = Sha256::digest(public);
        Self {
            name: format!("millstream/audit/{}", hex::encode(&id[..4])),
            public,
        }
    }

    /// The key's name, and the checkpoints' origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 4 bytes by which a signature names the key.
    #[must_use]
    pub fn hash(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519_NUMBER])
            .chain_update(self.public)
            .finalize();
        *digest.first_chunk().expect("a digest has 32 bytes")
    }

    /// Whether the signature is the key's over these bytes.
    #[must_use]
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public)
            .verify(bytes, signature)
            .is_ok()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_key(f, self, &self.public)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        // Base64 may contain a plus sign, a name may not.
        let (name, rest) = text.trim().split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, public) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let key = Self {
            name: name.to_owned(),
            public: key_bytes(public)?,
        };
        let fits = !name.is_empty()
            && !name.contains(char::is_whitespace)
            && hash == hex::encode(key.hash());
        if fits {
            Ok(key)
        } else {
            Err(KeyError::Malformed)
        }
    }
}

/// Both halves: signs.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl SigningKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Refused)?;
        Ok(Self {
            verifier: VerifierKey::of(public_of(&pair)),
            pair,
        })
    }

    /// The key in this file; a fresh one is made and kept there when there is no such file.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                check_mode(path)?;
                text.parse()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::generate()?;
                let folder = path.parent().unwrap_or(Path::new("."));
                std::fs::create_dir_all(folder).map_err(failed)?;
                write_private(path, &format!("{key}\n")).map_err(failed)?;
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signature over these bytes.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("name", &self.verifier.name)
            .finish_non_exhaustive()
    }
}

/// The file's text, secret half included.
impl fmt::Display for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seed = self.pair.seed().map_err(|_| fmt::Error)?;
        let seed = seed.as_be_bytes().map_err(|_| fmt::Error)?;
        f.write_str(PRIVATE)?;
        write_key(f, &self.verifier, seed.as_ref())
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let rest = text
            .trim()
            .strip_prefix(PRIVATE)
            .ok_or(KeyError::Malformed)?;
        let (name, rest) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let (hash, seed) = rest.split_once('+').ok_or(KeyError::Malformed)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&key_bytes(seed)?)
            .map_err(|_| KeyError::Malformed)?;
        let verifier = VerifierKey {
            name: name.to_owned(),
            public: public_of(&pair),
        };
        let fits = hash == hex::encode(verifier.hash());
        if fits {
            Ok(Self { pair, verifier })
        } else {
            Err(KeyError::Malformed)
        }
    }
}

fn public_of(pair: &Ed25519KeyPair) -> [u8; 32] {
    pair.public_key()
        .as_ref()
        .try_into()
        .expect("an Ed25519 public key has 32 bytes")
}

fn write_key(f: &mut fmt::Formatter<'_>, key: &VerifierKey, bytes: &[u8]) -> fmt::Result {
    let bytes = [&[ED25519_NUMBER], bytes].concat();
    write!(
        f,
        "{}+{}+{}",
        key.name,
        hex::encode(key.hash()),
        STANDARD.encode(bytes)
    )
}

fn key_bytes(base64: &str) -> Result<[u8; 32], KeyError> {
    let bytes = STANDARD.decode(base64).map_err(|_| KeyError::Malformed)?;
    match bytes.split_first() {
        Some((&ED25519_NUMBER, key)) => key.try_into().map_err(|_| KeyError::Malformed),
        _ => Err(KeyError::Malformed),
    }
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(path);
    let mode = metadata
        .map_err(|source| KeyError::File {
            path: path.to_owned(),
            source,
        })?
        .permissions()
        .mode()
        & 0o777;
    let others = mode & 0o077;
    if others == 0 {
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

/// Writes a file that only its owner may read, and has it on the disk before the key is used. It gets its name last, so
/// that a crash leaves no half a key.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(unfinished, path)
}

#[cfg(test)]
mod tests;
