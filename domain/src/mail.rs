//! What mails are made of. That a subject is one line is what keeps anybody from adding headers of their own to a mail.

use crate::text::{Limit, block, checked_text, line, words};

checked_text! {
    /// What a mail is about: one line, 1 to 250 characters.
    Subject, |text| line(text, Limit::Chars(250))
}

checked_text! {
    /// What a mail says, as plain text or as HTML: up to 256 KiB, far more than anybody reads.
    MailText, |text| block(text, Limit::Bytes(256 << 10))
}

words! {
    /// Why somebody gets a mail about the work. Each can be turned off by itself; mails about their account cannot.
    MailReason {
        /// They were given a task.
        Assigned = "assigned",
        /// A comment mentions them.
        Mentioned = "mentioned",
        /// Somebody commented on a task they take part in.
        Commented = "commented",
        /// The status of a task they take part in changed.
        StatusChanged = "status_changed",
        /// A task they work on was not done when it was due.
        Overdue = "overdue",
        /// The summary of the day.
        DailySummary = "daily_summary",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_holds_no_header_but_itself() {
        for bad in ["Hi\r\nBcc: eve@example.org", "Hi\nthere", "a\0b", " ", ""] {
            assert!(Subject::new(bad).is_err(), "{bad:?}");
        }
        assert!(Subject::new("Grüße: bcc@example.org").is_ok());
    }
}
