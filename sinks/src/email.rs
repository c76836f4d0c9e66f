//! Mails, a file and a folder of templates (`templates/emails/<mail>`) each: subject, plain text, HTML.
//!
//! To add one: a file below, its three templates, and whoever intends it.

pub(crate) mod email_changed;
mod password_reset;

pub use password_reset::ResetMails;
