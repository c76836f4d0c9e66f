//! Positions as clients see them: opaque words that let a read wait for a write.
//!
//! A write answers with the id of its outbox row (`w42`), because the mover has not given it a `seq` yet and no write
//! waits for that; a view answers with the last record it has seen (`s17`).

use crate::cut::Seq;
use std::fmt;
use std::str::FromStr;

/// A place in the stream, of a write or of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The outbox id of a write's last event.
    Write(i64),
    /// The last record that a view has seen.
    View(Seq),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(id) => write!(f, "w{id}"),
            Self::View(seq) => write!(f, "s{seq}"),
        }
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a position that Millstream gave out")]
pub struct InvalidPosition;

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        let digits = text.get(1..).ok_or(InvalidPosition)?;
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(InvalidPosition);
        }
        match text.as_bytes()[0] {
            b'w' => digits.parse().map(Self::Write),
            b's' => digits.parse().map(Self::View),
            _ => return Err(InvalidPosition),
        }
        .map_err(|_| InvalidPosition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_read_back_from_what_they_print() {
        for position in [Position::Write(42), Position::View(17)] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "w",
            "s-1",
            "x1",
            "w1.5",
            "ä1",
            "w99999999999999999999",
            "42",
        ] {
            assert_eq!(text.parse::<Position>(), Err(InvalidPosition), "{text}");
        }
    }
}
