//! `POST /tasks/batch`

mod operation;
pub(crate) mod refused;

use super::create::NewTaskBody;
use super::update::TaskPatch;
use crate::answer::{Answer, One};
use crate::api::schema::Problems;
use crate::api::tasks::TaskBody;
use crate::auth::Caller;
use crate::error::{ApiError, ProblemError};
use crate::extract::{Fields, JsonBody, NoParams};
use crate::idempotency::write;
use crate::state::AppState;
use axum::extract::State;
use axum::response::Response;
use millstream_domain::field::{FieldCode, Invalid};
use millstream_store::StoreError;
use millstream_store::task::{BATCH_MAX, BatchItem, BatchTasks, ItemRefused, Task};
use operation::{Op, Operation};
use refused::{Attempts, tell};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// What is to be done to many tasks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct Batch {
    /// In order; each succeeds or fails by itself.
    #[schema(max_items = 500)]
    operations: Vec<BatchOperation>,
}

/// What is to be done to one of the tasks.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct BatchOperation {
    /// Delete means: into the trash.
    #[schema(schema_with = operation::words)]
    op: String,
    /// The task's id, or its name such as `ENG-42`; of all but new ones.
    id: Option<String>,
    /// What `POST /tasks` or `PATCH /tasks/{id}` take.
    body: Option<BatchBody>,
    /// The version that is to be changed: another one is left as it is (412). Not of new ones.
    #[schema(minimum = 1)]
    version: Option<i64>,
}

/// A new task, or what is to be different about one.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) enum BatchBody {
    /// To create.
    New(NewTaskBody),
    /// To patch.
    Patch(TaskPatch),
}

/// What came of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchDone {
    /// In the order of the operations.
    results: Vec<BatchResult>,
    /// By which the batch can be undone; null where it cannot be.
    #[schema(value_type = Option<Uuid>)]
    undo_id: Option<Uuid>,
}

/// What came of one operation. The status is what it would have been answered with by itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum BatchResult {
    /// It was done.
    Done {
        #[schema(minimum = 200, maximum = 204)]
        status: u16,
        /// The task as it is now; null when it was deleted.
        data: Option<Box<TaskBody>>,
    },
    /// It was not, and the task is as it was.
    Refused {
        #[schema(minimum = 400, maximum = 499)]
        status: u16,
        /// Why.
        error: ProblemError,
    },
}

impl BatchResult {
    fn done(op: Op, task: &Task) -> Self {
        let data = match op {
            Op::Delete => None,
            Op::Create | Op::Patch | Op::Archive => Some(Box::new(TaskBody::from(task))),
        };
        Self::Done {
            status: op.done().as_u16(),
            data,
        }
    }

    fn refused(error: &ApiError) -> Self {
        Self::Refused {
            status: error.code.status().as_u16(),
            error: error.told(),
        }
    }
}

/// As the single routes tell it.
pub(crate) fn item_error(refused: &ItemRefused) -> ApiError {
    StoreError::from(refused.clone()).into()
}

fn read(mut fields: Fields) -> Result<Vec<Value>, ApiError> {
    if !fields.has("operations") {
        let missing = Invalid::new(FieldCode::Required, "must be given");
        fields.wrong("operations", missing);
    }
    let operations = fields.list("operations", BATCH_MAX, Ok);
    fields.finish(|| Some(operations.unwrap_or_default()))
}

/// What each operation asks for, in order: the place of its item in the batch, or what is wrong with it.
struct Plan {
    asked: Vec<Result<Op, ApiError>>,
    items: Vec<BatchItem>,
}

impl Plan {
    fn of(operations: Vec<Value>) -> Self {
        let (mut asked, mut items) = (Vec::new(), Vec::new());
        for value in operations {
            let read = Operation::read(value);
            asked.push(read.map(|operation| {
                items.push(operation.item);
                operation.op
            }));
        }
        Self { asked, items }
    }

    /// The outcomes are those of the items that could be read, in order.
    fn results(asked: &[Result<Op, ApiError>], outcomes: &[Result<Task, ItemRefused>]) -> Answer {
        let mut outcomes = outcomes.iter();
        let results = asked.iter().map(|asked| match asked {
            Err(error) => BatchResult::refused(error),
            Ok(op) => match outcomes.next().expect("each item has an outcome") {
                Ok(task) => BatchResult::done(*op, task),
                Err(refused) => BatchResult::refused(&item_error(refused)),
            },
        });
        Answer::one(BatchDone {
            results: results.collect(),
            undo_id: None,
        })
    }
}

#[utoipa::path(
    post, path = "/tasks/batch", tag = "tasks",
    summary = "Do something to many tasks",
    description = "Up to 500 operations in one request, done in order in one transaction. Each succeeds or fails by itself, \
                   with the status and the error that it would have had alone; the answer is 200 whatever came of them. An \
                   `Idempotency-Key` stands for the whole batch.",
    request_body = Batch,
    responses((status = 200, description = "What came of each", body = One<BatchDone>), Problems),
    security(("bearer" = [])),
)]
pub(crate) async fn batch_tasks(
    State(app): State<AppState>,
    caller: Caller,
    _: NoParams,
    JsonBody(fields): JsonBody,
) -> Result<Response, ApiError> {
    let Plan { asked, items } = Plan::of(read(fields)?);
    let attempts = Attempts::of("POST /api/v1/tasks/batch", &items);
    let batch = BatchTasks {
        actor: caller.actor.clone(),
        items,
    };
    let response = write(&app, &caller, batch, |outcomes| {
        attempts.note(outcomes);
        Plan::results(&asked, outcomes)
    })
    .await?;
    tell(&app, &caller, attempts).await;
    Ok(response)
}
