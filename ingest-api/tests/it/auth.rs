//! Accounts and log-ins.

mod password;
mod register;
mod session;
mod token;
