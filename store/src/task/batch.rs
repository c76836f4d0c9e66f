//! Many tasks at once: made, changed, put away or thrown away, each by itself, in one transaction.
//!
//! ```text
//! items ──► scene: locks what they touch, and reads what they refer to   a fixed number of statements
//!           decide: each item in its turn, on what those before it left   none
//!           write: what is different in the end, all rows of a kind at once   a fixed number
//! ```
//!
//! What an item is refused for concerns that item alone. Most of it is known before anything is written; what only the
//! database can tell (a key that is taken) undoes the run, which is then tried in halves, until the item stands alone.

mod decide;
mod lists;
mod scene;
mod write;

use super::{AssigneeSpec, NewTask, Task, TaskEdit, TaskPlace, TaskRef};
use crate::{Change, Changed, Changing, StoreError, Versions};
use decide::Work;
use millstream_domain::field::{FieldCode, FieldError};
use millstream_domain::ids::UserId;
use millstream_domain::policy::{Actor, Refusal};
use millstream_domain::task::TagName;
use scene::Scene;

/// Most items of a batch: as many as somebody selects in a long list, and few enough that nobody waits long for their locks.
pub const BATCH_MAX: usize = 500;

/// Somebody does something to many tasks. Each item succeeds or fails by itself.
#[derive(Debug)]
pub struct BatchTasks {
    /// Who.
    pub actor: Actor,
    /// What, in order. At most [`BATCH_MAX`]; more are refused as a whole.
    pub items: Vec<BatchItem>,
}

/// What is done to one of the tasks.
#[derive(Debug, Clone)]
pub enum BatchItem {
    /// It is made.
    Create(Box<NewTask>),
    /// Fields of it are changed.
    Edit(Box<BatchEdit>),
    /// It is put away, thrown away or brought back.
    Place {
        /// Which.
        task: TaskRef,
        /// The version that the actor knows, if they said.
        expected_version: Option<Versions>,
        /// Where to.
        place: TaskPlace,
    },
}

/// What is to be different about one of the tasks.
#[derive(Debug, Clone)]
pub struct BatchEdit {
    /// Which.
    pub task: TaskRef,
    /// The version that the actor knows, if they said.
    pub expected_version: Option<Versions>,
    /// The fields.
    pub edit: TaskEdit,
    /// What is added to its lists, or taken from them.
    pub adjust: Adjustment,
}

/// What is added to a task's assignees and tags or taken from them, whatever else is there.
#[derive(Debug, Clone, Default)]
pub struct Adjustment {
    /// Is to work on it; who does already stays as they are.
    pub assign: Vec<AssigneeSpec>,
    /// Is not to work on it any more.
    pub unassign: Vec<UserId>,
    /// Tags that it gets; unknown ones are made.
    pub tag: Vec<TagName>,
    /// Tags that it loses.
    pub untag: Vec<TagName>,
}

/// Why one item was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ItemRefused {
    /// The task does not exist.
    #[error("not found")]
    NotFound,
    /// The policy said no.
    #[error(transparent)]
    Refused(Refusal),
    /// Its fields are wrong, or refer to what does not exist.
    #[error("fields are wrong")]
    Fields(Vec<FieldError>),
    /// The version that the caller knows is not the newest.
    #[error("it was changed meanwhile: version {now} is the newest")]
    Stale {
        /// The version there is.
        now: i64,
    },
    /// Something that must be unique is in use.
    #[error("{field} is taken")]
    Taken {
        /// The field of the request.
        field: &'static str,
    },
    /// It is in a state in which this cannot be done.
    #[error("{0}")]
    Conflict(String),
}

impl From<ItemRefused> for StoreError {
    fn from(refused: ItemRefused) -> Self {
        match refused {
            ItemRefused::NotFound => Self::NotFound,
            ItemRefused::Refused(refusal) => Self::Refused(refusal),
            ItemRefused::Fields(fields) => Self::Fields(fields),
            ItemRefused::Stale { now } => Self::Stale { now },
            ItemRefused::Taken { field } => Self::Taken { field },
            ItemRefused::Conflict(why) => Self::Conflict(why),
        }
    }
}

/// What one item is refused for; what concerns the whole batch comes back as it was.
fn alone(error: StoreError) -> Result<ItemRefused, StoreError> {
    match error {
        StoreError::NotFound => Ok(ItemRefused::NotFound),
        StoreError::Refused(refusal) => Ok(ItemRefused::Refused(refusal)),
        StoreError::Fields(fields) => Ok(ItemRefused::Fields(fields)),
        StoreError::Stale { now } => Ok(ItemRefused::Stale { now }),
        StoreError::Taken { field } => Ok(ItemRefused::Taken { field }),
        StoreError::Conflict(why) => Ok(ItemRefused::Conflict(why)),
        whole => Err(whole),
    }
}

impl Change for BatchTasks {
    /// The task after its item, or why the item was not done; in the order of the items.
    type Output = Vec<Result<Task, ItemRefused>>;

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<Self::Output>, StoreError> {
        if self.items.len() > BATCH_MAX {
            return Err(StoreError::field(
                "operations",
                FieldCode::TooLong,
                format!("must have at most {BATCH_MAX} items"),
            ));
        }
        let mut scene = Scene::set(cx, &self.actor, &self.items).await?;
        let mut output = Vec::with_capacity(self.items.len());
        let mut events = Vec::new();
        // The last is the next: a run that fails is put back as its two halves.
        let mut runs = vec![self.items.as_slice()];
        while let Some(run) = runs.pop() {
            let mut next = scene.clone();
            let mut work = Work::default();
            let mut outcomes = Vec::with_capacity(run.len());
            for item in run {
                let decided = next.decide(cx, &self.actor, item, &mut work);
                outcomes.push(match decided {
                    Ok(task) => Ok(task),
                    Err(error) => Err(alone(error)?),
                });
            }
            match written(cx, &scene, &next, &work).await? {
                Ok(()) => {
                    scene = next;
                    output.append(&mut outcomes);
                    events.append(&mut work.events);
                }
                Err(refused) if run.len() == 1 => output.push(Err(refused)),
                Err(_) => {
                    let (first, second) = run.split_at(run.len() / 2);
                    runs.extend([second, first]);
                }
            }
        }
        Ok(Changed { output, events })
    }
}

/// Writes a run; when the database refuses it for what one of its items holds, nothing of it was written.
async fn written(
    cx: &mut Changing<'_>,
    before: &Scene,
    after: &Scene,
    work: &Work,
) -> Result<Result<(), ItemRefused>, StoreError> {
    if work.is_empty() {
        return Ok(Ok(()));
    }
    sqlx::query!("savepoint run").execute(cx.db()).await?;
    match write::write(cx, before, after, work).await {
        Ok(()) => {
            sqlx::query!("release savepoint run")
                .execute(cx.db())
                .await?;
            Ok(Ok(()))
        }
        Err(error) => {
            let refused = alone(error)?;
            sqlx::query!("rollback to savepoint run")
                .execute(cx.db())
                .await?;
            Ok(Err(refused))
        }
    }
}
