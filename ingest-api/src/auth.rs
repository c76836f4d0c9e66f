//! Who asks: log-in, tokens, and the person behind a request.

pub(crate) mod api_token;
pub(crate) mod attempts;
pub(crate) mod caller;
pub mod guard;
pub(crate) mod internal_token;
pub mod keys;
pub mod password;
pub(crate) mod refusals;
pub(crate) mod secret;
pub(crate) mod token;

pub(crate) use caller::Caller;

use guard::Guard;
use keys::Keys;
use millstream_store::pipeline::PipelineStatus;

/// How a process knows who asks.
#[derive(Debug, Clone)]
pub enum Trust {
    /// It has the keys that tokens are signed with, and asks the database who somebody is.
    Own(Keys),
    /// It is a service of its own: it believes what was signed by who has the keys.
    Told(Guard),
}

impl Trust {
    /// Whether people can be told apart by now. A server without a key of its own does not start.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Told(guard) => guard.is_ready(),
        }
    }

    /// Whether what a service reads has been up to date.
    pub(crate) fn has_caught_up(&self, node: &str, pipelines: &[PipelineStatus]) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Told(guard) => guard.has_caught_up(node, pipelines),
        }
    }
}

impl From<Keys> for Trust {
    fn from(keys: Keys) -> Self {
        Self::Own(keys)
    }
}

impl From<Guard> for Trust {
    fn from(guard: Guard) -> Self {
        Self::Told(guard)
    }
}
