//! The kinds of jobs that a schedule may name. To add one: a line in [`KINDS`].

use crate::StoreError;
use crate::artefact::ExpireArtefacts;
use crate::job::JobArgs;
use crate::job::enqueue::ARGS_BYTES_MAX;
use crate::summary::DailySummary;
use crate::task::clean::{CleanArchive, EmptyTrash};
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::job::Queue;
use serde_json::Value;

/// A kind of job that can be scheduled.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Where its jobs wait, unless the schedule says otherwise.
    pub queue: Queue,
    /// How often one is tried.
    pub attempts_max: u16,
    accepts: fn(&Value) -> Result<(), serde_json::Error>,
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind::of::<DailySummary>(),
    Kind::of::<CleanArchive>(),
    Kind::of::<EmptyTrash>(),
    Kind::of::<ExpireArtefacts>(),
];

impl Kind {
    const fn of<A: JobArgs>() -> Self {
        Self {
            name: A::KIND,
            queue: A::QUEUE,
            attempts_max: A::ATTEMPTS_MAX,
            accepts: |args| A::deserialize(args).map(drop),
        }
    }

    /// Whether its jobs can work with these arguments.
    pub(crate) fn check(&self, args: &Value) -> Result<(), FieldError> {
        let bytes = args.to_string().len();
        if bytes > ARGS_BYTES_MAX {
            let message = format!("must have at most {ARGS_BYTES_MAX} bytes, has {bytes}");
            return Err(FieldError::new("args", FieldCode::TooLong, message));
        }
        (self.accepts)(args).map_err(|error| {
            let message = format!("must be arguments of \"{}\": {error}", self.name);
            FieldError::new("args", FieldCode::Invalid, message)
        })
    }
}

/// The kind of this name; `None` where there is none that can be scheduled.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The same for a request that names it.
pub(crate) fn known(name: &str) -> Result<&'static Kind, StoreError> {
    kind(name).ok_or_else(|| {
        let names: Vec<_> = KINDS.iter().map(|kind| kind.name).collect();
        let message = format!("must be one of {}", names.join(", "));
        StoreError::field("kind", FieldCode::NotOneOf, message)
    })
}
