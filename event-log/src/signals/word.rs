//! Words: what processes say to each other, a line of text each.

use super::Work;
use crate::cut::{Cut, Seq};
use std::fmt;
use std::str::FromStr;

/// One thing that a process says to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// The log goes to there.
    Log(Seq),
    /// A view has committed this cut.
    Committed(String, Cut),
    /// A view was opened at this cut, which may be behind the one that it had.
    Restarted(String, Cut),
    /// There is work.
    Wanted(Work),
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(seq) => write!(f, "log {seq}"),
            Self::Committed(view, cut) => write!(f, "committed {view} {}", cut.seq),
            Self::Restarted(view, cut) => write!(f, "restarted {view} {}", cut.seq),
            Self::Wanted(Work::Jobs) => f.write_str("wanted jobs"),
            Self::Wanted(Work::Mail) => f.write_str("wanted mail"),
        }
    }
}

/// A line that says nothing to this version. A newer one may have said it; it is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown;

impl FromStr for Word {
    type Err = Unknown;

    fn from_str(line: &str) -> Result<Self, Unknown> {
        let words: Vec<_> = line.split(' ').collect();
        let seq = |text: &str| text.parse::<Seq>().map_err(|_| Unknown);
        match *words.as_slice() {
            ["log", tail] => Ok(Self::Log(seq(tail)?)),
            ["committed", view, cut] => Ok(Self::Committed(view.to_owned(), Cut::at(seq(cut)?))),
            ["restarted", view, cut] => Ok(Self::Restarted(view.to_owned(), Cut::at(seq(cut)?))),
            ["wanted", "jobs"] => Ok(Self::Wanted(Work::Jobs)),
            ["wanted", "mail"] => Ok(Self::Wanted(Work::Mail)),
            _ => Err(Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for word in [
            Word::Log(7),
            Word::Committed("activity".into(), Cut::at(8)),
            Word::Restarted("search".into(), Cut::START),
            Word::Wanted(Work::Jobs),
            Word::Wanted(Work::Mail),
        ] {
            assert_eq!(word.to_string().parse(), Ok(word));
        }
    }

    #[test]
    fn what_nobody_understands_is_no_word() {
        for line in [
            "",
            "log",
            "log x",
            "log -1",
            "committed activity",
            "moved activity 7",
            "wanted tea",
        ] {
            assert_eq!(line.parse::<Word>(), Err(Unknown), "{line}");
        }
    }
}
