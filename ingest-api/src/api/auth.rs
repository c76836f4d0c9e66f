//! Accounts and log-ins of one's own.

pub(crate) mod keys;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod me;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod reset;
pub(crate) mod sessions;
pub(crate) mod tokens;
