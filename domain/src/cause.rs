//! Errors in full: with what caused them.

use std::error::Error;

/// An error and what caused it, outermost first, in one line: how errors are told to people, and in the log.
#[must_use]
pub fn in_full(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors say what their cause says.
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    #[test]
    fn causes_follow_and_what_was_said_is_not_said_again() {
        let end = Link {
            text: "refused",
            source: None,
        };
        let same = Link {
            text: "the door is shut: refused",
            source: Some(Box::new(end)),
        };
        let whole = Link {
            text: "nobody came in",
            source: Some(Box::new(same)),
        };
        assert_eq!(in_full(&whole), "nobody came in: the door is shut: refused");
    }
}
