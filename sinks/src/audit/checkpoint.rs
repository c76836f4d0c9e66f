//! Checkpoints (C2SP tlog-checkpoint): what the audit was at a size, in three lines that a key signs.
//!
//! The first line is the origin (the key's name), the second the size in decimal, the third the root in base64. Further
//! lines are passed over.

use super::key::{SigningKey, VerifierKey};
use super::note::{self, NoteError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use millstream_store::merkle::Hash;

/// What the audit was at a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many entries there were.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
}

impl Checkpoint {
    /// The signed note that says so.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let text = format!(
            "{}\n{}\n{}\n",
            key.verifier().name(),
            self.size,
            STANDARD.encode(self.root)
        );
        note::sign(&text, key)
    }

    /// Reads a signed note.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, NoteError> {
        let text = note::open(note, key)?;
        let mut lines = text.lines();
        let mut line = |missing| lines.next().ok_or(NoteError::Malformed(missing));
        if line("it has no origin")? != key.name() {
            return Err(NoteError::Malformed("its origin is another log"));
        }
        let size = line("it has no size")?;
        let plain =
            size.bytes().all(|b| b.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size
            .parse()
            .ok()
            .filter(|_| plain)
            .ok_or(NoteError::Malformed("its size is not a number"))?;
        let root = STANDARD
            .decode(line("it has no root")?)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        let root = root.ok_or(NoteError::Malformed("its root is not 32 bytes in base64"))?;
        Ok(Self { size, root })
    }
}
