//! What somebody tried in a batch and may not do: the audit hears of it, as it does of what is tried alone.

use crate::auth::Caller;
use crate::auth::refusals::{self, Attempt};
use crate::state::AppState;
use millstream_domain::policy::Refusal;
use millstream_store::access::TOLD_PER_MINUTE;
use millstream_store::task::{BatchItem, ItemRefused, Task, TaskRef};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What is tried, and which of it is refused for want of a right.
#[derive(Debug)]
pub(crate) struct Attempts {
    what: &'static str,
    /// Where each item's task stands.
    paths: Vec<String>,
    refused: OnceLock<BTreeSet<String>>,
}

impl Attempts {
    /// What a batch tries.
    pub(crate) fn of(what: &'static str, items: &[BatchItem]) -> Self {
        let path = |item: &BatchItem| match item {
            BatchItem::Create(_) => "/api/v1/tasks".to_owned(),
            BatchItem::Edit(edit) => path_of(&edit.task),
            BatchItem::Place { task, .. } => path_of(task),
        };
        Self {
            what,
            paths: items.iter().map(path).collect(),
            refused: OnceLock::new(),
        }
    }

    /// Notes what came of it. An answer that is given again from before is not noted again.
    pub(crate) fn note(&self, outcomes: &[Result<Task, ItemRefused>]) {
        let forbidden = |outcome: &Result<Task, ItemRefused>| {
            matches!(outcome, Err(ItemRefused::Refused(Refusal::Forbidden)))
        };
        self.refused.get_or_init(|| {
            let tried = self.paths.iter().zip(outcomes);
            let refused = tried.filter(|(_, outcome)| forbidden(outcome));
            refused.map(|(path, _)| path.clone()).collect()
        });
    }
}

fn path_of(task: &TaskRef) -> String {
    match task {
        TaskRef::Id(id) => format!("/api/v1/tasks/{id}"),
        TaskRef::Name(name) => format!("/api/v1/tasks/{name}"),
    }
}

/// Tells it: each thing once, and not more than are told of anybody in a minute.
pub(crate) async fn tell(app: &AppState, caller: &Caller, attempts: Attempts) {
    let most = usize::try_from(TOLD_PER_MINUTE).unwrap_or(0);
    let refused = attempts.refused.into_inner().unwrap_or_default();
    for path in refused.into_iter().take(most) {
        refusals::tell(app, caller, &Attempt::at(attempts.what, path)).await;
    }
}
