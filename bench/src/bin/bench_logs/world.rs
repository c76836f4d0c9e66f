//! What is written and read: tasks that are made and changed several times, and now and then somebody new, so that more than
//! one topic has something.

use millstream_domain::ids::{TaskId, UserId};
use millstream_event_log::NewEvent;
use millstream_event_log::events::task::TaskAlone;
use millstream_event_log::events::user::UserAlone;
use millstream_event_log::events::{Change, Payload, TaskEvent, UserEvent};
use millstream_event_log::testing::new_event;
use uuid::Uuid;

/// Events per task: made, and changed.
const EVENTS_PER_TASK: u64 = 10;
/// One in so many is about a person.
const PERSON: u64 = 8;

/// The `n`th event.
pub(crate) fn event(n: u64) -> NewEvent {
    if n % PERSON == PERSON - 1 {
        let UserEvent::Registered(UserAlone { mut user }) = UserEvent::samples().swap_remove(0)
        else {
            panic!("another sample");
        };
        user.id = UserId(Uuid::from_u128(0x9_0000_0000 + u128::from(n)));
        return new_event(n, UserEvent::Registered(UserAlone { user }));
    }
    let mut task = TaskEvent::samples()[0].task().clone();
    let number = n / EVENTS_PER_TASK;
    task.id = TaskId(Uuid::from_u128(0x1_0000 + u128::from(number)));
    task.name = format!("ENG-{}", number + 1);
    task.title = format!("Look after part {number} of the mill, before winter comes");
    task.description = "The wheel squeaks when the river is high, and stops when it is low. Grease the axle, clean the \
                        gate, count the sacks, and write down what the miller says about it."
        .into();
    if n.is_multiple_of(EVENTS_PER_TASK) {
        return new_event(n, TaskEvent::Created(Box::new(TaskAlone { task })));
    }
    let mut after = task.clone();
    after.version += 1;
    after.title = format!("{} ({n})", task.title);
    let change = Change {
        before: task,
        after,
    };
    new_event(n, TaskEvent::Updated(Box::new(change)))
}
