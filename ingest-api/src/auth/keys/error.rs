//! What can be wrong with keys.

use chrono::{DateTime, SecondsFormat, Utc};
use std::io;
use std::path::PathBuf;

/// Why a key cannot be had, or not be retired.
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
    /// There are files of keys, and none of them holds one.
    #[error("the folder \"{}\" has files of keys, and none that can be used", .folder.display())]
    NoneUsable {
        /// Which.
        folder: PathBuf,
    },
    /// The cryptography library refused to make one.
    #[error("no key could be made")]
    Refused,
    /// There are as many as may be.
    #[error("there are {max} keys, which is the most: retire those that nobody needs any more")]
    TooMany {
        /// How many may be.
        max: usize,
    },
    /// No key has this id.
    #[error("there is no key \"{0}\": `keys list` shows those that there are")]
    Unknown(String),
    /// It is retired already.
    #[error("the key \"{0}\" is retired already")]
    RetiredAlready(String),
    /// Without it there would be none.
    #[error("\"{0}\" is the only key: make another one first (keys rotate)")]
    Only(String),
    /// It signs, or will.
    #[error(
        "the key \"{0}\" signs tokens, or is about to: rotate, and retire it when its last token has expired (or now, with --force, which logs people out)"
    )]
    Signs(String),
    /// Tokens that it signed are still good.
    #[error(
        "tokens that the key \"{kid}\" signed are good until {}; --force retires it all the same, and they are refused",
        .until.to_rfc3339_opts(SecondsFormat::Secs, true)
    )]
    StillNeeded {
        /// Which.
        kid: String,
        /// Until when.
        until: DateTime<Utc>,
    },
}
