//! Where a connection is: how much of the log and of an inbox its client has been told.
//!
//! It is given out as an opaque position, and a connection that begins with one is told what comes after it. One record may
//! give several messages, and an inbox shows a record some time after the log has it; so a place counts the messages of a
//! record that was told in part, and names the inbox's own place where that is behind.
//!
//! ```text
//! s120         all up to record 120, in the inbox too
//! s119+2       all up to record 119, and the first two messages of record 120
//! s120.110     all up to record 120; the inbox as of record 110
//! s119+2.110   both
//! ```
//!
//! The messages of a record are counted as if somebody heard all of them, so that a place does not depend on who subscribed
//! to what.

use millstream_event_log::{Position, Seq};
use std::fmt;
use std::str::FromStr;

/// How much was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// The last record of which everything was told.
    pub(super) seq: Seq,
    /// Messages of the record after it that were told.
    pub(super) part: usize,
    /// The last record of which the inbox was told.
    pub(super) inbox: Seq,
}

impl Place {
    /// Everything up to this record.
    pub(super) fn at(seq: Seq) -> Self {
        Self {
            seq,
            part: 0,
            inbox: seq,
        }
    }

    /// How many messages of a record were told; `None` where all of them were.
    pub(super) fn told_of(self, record: Seq) -> Option<usize> {
        if record <= self.seq {
            None
        } else if record == self.seq + 1 {
            Some(self.part)
        } else {
            Some(0)
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Position::View(self.seq).fmt(f)?;
        if self.part > 0 {
            write!(f, "+{}", self.part)?;
        }
        if self.inbox < self.seq {
            write!(f, ".{}", self.inbox)?;
        }
        Ok(())
    }
}

/// A position that a client brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brought {
    /// A place of a live connection or of a view.
    Place(Place),
    /// A write's `Millstream-Position`: the outbox row of its last event.
    Write(i64),
}

impl FromStr for Brought {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (rest, inbox) = match text.split_once('.') {
            Some((rest, inbox)) => (rest, Some(number(inbox)?)),
            None => (text, None),
        };
        let (rest, part) = match rest.split_once('+') {
            Some((rest, part)) => (rest, Some(number(part)?)),
            None => (rest, None),
        };
        match rest.parse().map_err(|_| ())? {
            Position::View(seq) => Ok(Self::Place(Place {
                seq,
                part: usize::try_from(part.unwrap_or(0)).map_err(|_| ())?,
                inbox: inbox.unwrap_or(seq).min(seq),
            })),
            Position::Write(id) if part.is_none() && inbox.is_none() => Ok(Self::Write(id)),
            Position::Write(_) => Err(()),
        }
    }
}

fn number(digits: &str) -> Result<u64, ()> {
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        digits.parse().map_err(|_| ())
    } else {
        Err(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_back_from_what_they_print() {
        let place = |seq, part, inbox| Place { seq, part, inbox };
        for (place, text) in [
            (place(120, 0, 120), "s120"),
            (place(119, 2, 119), "s119+2"),
            (place(120, 0, 110), "s120.110"),
            (place(119, 2, 0), "s119+2.0"),
        ] {
            assert_eq!(place.to_string(), text);
            assert_eq!(text.parse(), Ok(Brought::Place(place)));
        }
        assert_eq!("w7".parse(), Ok(Brought::Write(7)));
    }

    #[test]
    fn anything_else_is_no_position() {
        for text in [
            "",
            "s",
            "s1.",
            "s1+",
            "s1+.2",
            "s-1",
            "s1.-2",
            "s1+2+3",
            "s1.2.3",
            "w1.2",
            "w1+1",
            "120",
            "s1 ",
            "s99999999999999999999",
            "s1.99999999999999999999",
            "s1+99999999999999999999",
        ] {
            assert_eq!(text.parse::<Brought>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_record_that_was_told_in_part_is_told_to_its_end() {
        let place = Place {
            seq: 119,
            part: 2,
            inbox: 119,
        };
        assert_eq!(place.told_of(119), None);
        assert_eq!(place.told_of(120), Some(2));
        assert_eq!(place.told_of(121), Some(0));
    }
}
