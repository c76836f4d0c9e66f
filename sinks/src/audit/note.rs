//! Signed notes (C2SP signed-note): a text, a blank line, and signatures, each a line of its own.
//!
//! ```text
//! millstream/audit/1f0c9a77
//! 1204
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//!
//! — millstream/audit/1f0c9a77 Z5q0…
//! ```
//!
//! A signature is 4 bytes that name the key and 64 bytes of Ed25519 over the text, in base64. Lines of other keys are
//! passed over, so that witnesses may add theirs.

use super::key::{SigningKey, VerifierKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Largest note that is read: a few lines of ours and of witnesses, with a lot of room.
pub const BYTES_MAX: usize = 64 * 1024;

/// Why a text is not a note that the key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It does not have the form of a note.
    #[error("it is not a signed note: {0}")]
    Malformed(&'static str),
    /// It bears no signature of the key.
    #[error("it bears no signature of the key \"{0}\"")]
    NotSigned(String),
    /// It bears a signature that the key never made over this text.
    #[error("its signature by \"{0}\" does not fit its text")]
    BadSignature(String),
}

/// The note over a text, which must end with a line feed.
#[must_use]
pub fn sign(text: &str, key: &SigningKey) -> String {
    debug_assert!(text.ends_with('\n'), "a note's text ends with a line feed");
    let signature = [&key.verifier().hash()[..], &key.sign(text.as_bytes())].concat();
    format!(
        "{text}\n\u{2014} {} {}\n",
        key.verifier().name(),
        STANDARD.encode(signature)
    )
}

/// The text of a note that the key signed.
pub fn open<'a>(note: &'a str, key: &VerifierKey) -> Result<&'a str, NoteError> {
    if note.len() > BYTES_MAX {
        return Err(NoteError::Malformed("it is too long"));
    }
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return Err(NoteError::Malformed("it has control characters"));
    }
    // The last blank line divides: the text may have some of its own, signatures have none.
    let (text, signatures) = note
        .rsplit_once("\n\n")
        .ok_or(NoteError::Malformed("it has no blank line"))?;
    let text = &note[..=text.len()];
    let Some(lines) = signatures.strip_suffix('\n') else {
        return Err(NoteError::Malformed("it does not end with a line feed"));
    };
    let mut signed = false;
    for line in lines.split('\n') {
        let signature = Signature::parse(line)?;
        if signature.name == key.name() && signature.key_hash() == key.hash() {
            if !key.verify(text.as_bytes(), &signature.bytes[4..]) {
                return Err(NoteError::BadSignature(key.name().to_owned()));
            }
            signed = true;
        }
    }
    if signed {
        Ok(text)
    } else {
        Err(NoteError::NotSigned(key.name().to_owned()))
    }
}

/// A signature line.
struct Signature<'a> {
    name: &'a str,
    bytes: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn parse(line: &'a str) -> Result<Self, NoteError> {
        let (name, signature) = line
            .strip_prefix("\u{2014} ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or(NoteError::Malformed(
                "a signature line does not begin with a dash and a name",
            ))?;
        let bytes = STANDARD
            .decode(signature)
            .ok()
            .filter(|bytes| bytes.len() > 4)
            .ok_or(NoteError::Malformed("a signature is not base64"))?;
        Ok(Self { name, bytes })
    }

    fn key_hash(&self) -> [u8; 4] {
        *self
            .bytes
            .first_chunk()
            .expect("checked when it was parsed")
    }
}

#[cfg(test)]
mod tests;
