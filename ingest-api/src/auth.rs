//! Who asks: log-in, tokens, and the person behind a request.

pub(crate) mod api_token;
pub(crate) mod attempts;
pub(crate) mod caller;
pub mod keys;
pub mod password;
pub(crate) mod refusals;
pub(crate) mod secret;
pub(crate) mod token;

pub(crate) use caller::Caller;
