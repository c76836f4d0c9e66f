//! Accounts and log-ins.

mod attempts;
mod cookie;
mod forged;
mod keys;
mod password;
mod register;
mod reset;
mod session;
mod token;
mod tokens;
