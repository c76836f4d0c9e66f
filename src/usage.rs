//! Wrong usage or settings: told like any other error, but with an exit code of its own.

use std::fmt;

/// Something that the caller has to say differently; nothing was done.
#[derive(Debug)]
pub(crate) struct Usage(String);

impl Usage {
    /// An error with this message.
    pub(crate) fn because(message: impl Into<String>) -> anyhow::Error {
        anyhow::Error::new(Self(message.into()))
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}
