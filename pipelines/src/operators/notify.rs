//! Notify: keyed by task (and, for what people do to their inbox, by person), remembers who takes part in a task, and
//! tells them what happens to it. Nobody is told of their own acts, and nobody twice of the same event: where an event
//! gives several reasons, the strongest counts ([`Reason`]).

use crate::operator::{Context, Operator, Reject};
use millstream_domain::ids::{CommentId, EventId, NotificationId, TaskId, TeamId, UserId};
use millstream_domain::task::{Status, WATCHERS_MAX};
use millstream_event_log::events::comment::CommentState;
use millstream_event_log::events::deadline::TaskOverdue;
use millstream_event_log::events::notification::{NotificationsRead, Selection};
use millstream_event_log::events::watch::Watcher;
use millstream_event_log::events::{TaskEvent, task::TaskState};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most people who take part in one task. Beyond it newcomers are told only what is meant for them: assigned, mentioned.
pub const PARTICIPANTS_MAX: usize = 200;

/// Why somebody is told. The order is that of strength, strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The status of a task they take part in changed.
    StatusChanged,
    /// Somebody commented on a task they take part in.
    Commented,
    /// A comment mentions them.
    Mentioned,
    /// A task they work on was not done when it was due.
    Overdue,
    /// They were given the task.
    Assigned,
}

impl Reason {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatusChanged => "status_changed",
            Self::Commented => "commented",
            Self::Mentioned => "mentioned",
            Self::Overdue => "overdue",
            Self::Assigned => "assigned",
        }
    }
}

/// Something that happened, as far as it concerns inboxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// The event.
    pub event_id: EventId,
    /// Its type.
    pub kind: String,
    /// Who acted.
    pub actor: Option<UserId>,
    /// What happened.
    pub happening: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Happening {
    /// A task is now like this.
    Task {
        /// The task in brief.
        task: TaskBrief,
        /// Who works on it.
        assignees: BTreeSet<UserId>,
        /// Who made it.
        creator: Option<UserId>,
        /// Its status, if that changed.
        status_changed: Option<Status>,
        /// Whether it is gone or put away: nobody is told, and a deleted one is forgotten.
        silent: bool,
        /// Whether it is gone for ever.
        deleted: bool,
    },
    /// A comment was written.
    Commented {
        /// The comment.
        comment: CommentState,
    },
    /// A comment was changed; its `mentions` are only the new ones.
    Edited {
        /// The comment.
        comment: CommentState,
    },
    /// Somebody wants to be told, or not to be told any more.
    Watch {
        /// Who.
        user_id: UserId,
        /// Whether they want to.
        watches: bool,
    },
    /// The task was not done when it was due.
    Overdue {
        /// The task, and who works on it.
        overdue: TaskOverdue,
    },
    /// Somebody read notifications.
    Read {
        /// Which.
        read: NotificationsRead,
    },
}

/// A task, as a notification names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskBrief {
    /// Which.
    pub id: TaskId,
    /// Its name then.
    pub name: String,
    /// Its title then.
    pub title: String,
    /// Whose it is.
    pub team_id: TeamId,
}

impl TaskBrief {
    fn of(task: &TaskState) -> Self {
        Self {
            id: task.id,
            name: task.name.clone(),
            title: task.title.clone(),
            team_id: task.team_id,
        }
    }
}

impl Happening {
    /// What it means for inboxes that somebody watches, or does not.
    #[must_use]
    pub fn watch(who: &Watcher, watches: bool) -> Self {
        Self::Watch {
            user_id: who.user_id,
            watches,
        }
    }

    /// What a task's event means for inboxes.
    #[must_use]
    pub fn task(event: &TaskEvent) -> Self {
        let task = event.task();
        let changed = event
            .before()
            .is_some_and(|before| before.status != task.status);
        Self::Task {
            task: TaskBrief::of(task),
            assignees: task.assignees.iter().map(|a| a.user_id).collect(),
            creator: task.created_by,
            status_changed: changed.then_some(task.status),
            silent: task.archived || task.trashed_at.is_some(),
            deleted: matches!(event, TaskEvent::Deleted(_)),
        }
    }
}

/// What happens to inboxes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NotificationItem {
    /// Somebody is told something.
    Told(Box<Told>),
    /// Somebody read what they had been told.
    Read {
        /// Who.
        user_id: UserId,
        /// Which.
        selection: Selection,
    },
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Follows from event, person and reason: a replay gives the same.
    pub id: NotificationId,
    /// Who.
    pub user_id: UserId,
    /// Why.
    pub reason: Reason,
    /// Of which event.
    pub event_id: EventId,
    /// Of which type.
    pub kind: String,
    /// Who acted.
    pub actor: Option<UserId>,
    /// About which task.
    pub task: TaskBrief,
    /// About which comment.
    pub comment_id: Option<CommentId>,
}

/// Who takes part in a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Participants {
    /// Who works on it.
    assignees: BTreeSet<UserId>,
    /// Who made it and who commented on it.
    others: BTreeSet<UserId>,
    /// Who chose to be told.
    #[serde(default)]
    watchers: BTreeSet<UserId>,
    /// Who chose not to be told of what happens to it, though they take part. What is meant for them they are told.
    #[serde(default)]
    muted: BTreeSet<UserId>,
}

impl Participants {
    fn all(&self) -> impl Iterator<Item = UserId> {
        let all = self.assignees.iter().chain(&self.others);
        all.chain(&self.watchers)
            .filter(|person| !self.muted.contains(person))
            .copied()
    }

    /// The last choice counts, and outlasts whatever else somebody does with the task.
    fn chose(&mut self, person: UserId, watches: bool) {
        let (into, out_of) = if watches {
            (&mut self.watchers, &mut self.muted)
        } else {
            (&mut self.muted, &mut self.watchers)
        };
        out_of.remove(&person);
        if into.len() < WATCHERS_MAX {
            into.insert(person);
        }
    }

    fn joins(&mut self, who: Option<UserId>) {
        if self.others.len() < PARTICIPANTS_MAX {
            self.others.extend(who);
        }
    }
}

/// The operator.
///
/// ```
/// use millstream_event_log::events::{Payload, TaskEvent};
/// use millstream_pipelines::operators::notify::{Fact, Happening, Notify, Participants};
/// use millstream_pipelines::{Context, Operator};
///
/// let created = TaskEvent::samples().swap_remove(0);
/// let (key, at) = (created.key(), created.task().created_at);
/// // Nobody acted, so the assignee is told.
/// let fact = Fact {
///     event_id: uuid::Uuid::nil().into(),
///     kind: created.kind().into(),
///     actor: None,
///     happening: Happening::task(&created),
/// };
/// let (mut cx, mut state) = (Context::new(at), Participants::default());
/// Notify.event(&mut cx, &key, &mut state, fact).unwrap();
/// assert_eq!(cx.into_effects().len(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Notify;

impl Operator for Notify {
    type Key = Uuid;
    type In = Fact;
    type Out = NotificationItem;
    type State = Participants;

    fn event(
        &self,
        cx: &mut Context<NotificationItem>,
        _key: &Uuid,
        state: &mut Participants,
        fact: Fact,
    ) -> Result<(), Reject> {
        let Fact {
            event_id,
            kind,
            actor,
            happening,
        } = fact;
        let mut telling = Telling {
            event_id,
            kind,
            actor,
            reasons: BTreeMap::new(),
        };
        let (task, comment_id) = match happening {
            Happening::Read { read } => {
                cx.emit(NotificationItem::Read {
                    user_id: read.user_id,
                    selection: read.selection,
                });
                return Ok(());
            }
            Happening::Watch { user_id, watches } => {
                state.chose(user_id, watches);
                return Ok(());
            }
            Happening::Task { deleted: true, .. } => {
                *state = Participants::default();
                return Ok(());
            }
            Happening::Task {
                task,
                assignees,
                creator,
                status_changed,
                silent,
                ..
            } => {
                if !silent {
                    telling.tell(
                        Reason::Assigned,
                        assignees.difference(&state.assignees).copied(),
                    );
                }
                state.assignees = assignees;
                state.joins(creator);
                if status_changed.is_some() && !silent {
                    telling.tell(Reason::StatusChanged, state.all());
                }
                (task, None)
            }
            Happening::Overdue { overdue } => {
                telling.tell(Reason::Overdue, overdue.assignees.iter().copied());
                telling.tell(Reason::Overdue, state.watchers.iter().copied());
                (late(overdue), None)
            }
            Happening::Commented { comment } => {
                telling.tell(Reason::Commented, state.all());
                telling.tell(Reason::Mentioned, comment.mentions.iter().copied());
                state.joins(Some(comment.author));
                (brief(&comment), Some(comment.id))
            }
            Happening::Edited { comment } => {
                telling.tell(Reason::Mentioned, comment.mentions.iter().copied());
                (brief(&comment), Some(comment.id))
            }
        };
        telling.emit(cx, &task, comment_id);
        Ok(())
    }
}

fn brief(comment: &CommentState) -> TaskBrief {
    let task = &comment.task;
    TaskBrief {
        id: task.id,
        name: task.name.clone(),
        title: task.title.clone(),
        team_id: task.team_id,
    }
}

fn late(overdue: TaskOverdue) -> TaskBrief {
    TaskBrief {
        id: overdue.task_id,
        name: overdue.name,
        title: overdue.title,
        team_id: overdue.team_id,
    }
}

/// Who is told of an event, and their strongest reason.
struct Telling {
    event_id: EventId,
    kind: String,
    actor: Option<UserId>,
    reasons: BTreeMap<UserId, Reason>,
}

impl Telling {
    fn tell(&mut self, reason: Reason, people: impl Iterator<Item = UserId>) {
        for person in people.filter(|person| Some(*person) != self.actor) {
            let strongest = self.reasons.entry(person).or_insert(reason);
            *strongest = reason.max(*strongest);
        }
    }

    fn emit(
        self,
        cx: &mut Context<NotificationItem>,
        task: &TaskBrief,
        comment_id: Option<CommentId>,
    ) {
        for (user_id, reason) in self.reasons {
            let told = Told {
                id: notification_id(self.event_id, user_id, reason),
                user_id,
                reason,
                event_id: self.event_id,
                kind: self.kind.clone(),
                actor: self.actor,
                task: task.clone(),
                comment_id,
            };
            cx.emit(NotificationItem::Told(Box::new(told)));
        }
    }
}

/// UUID version 5 over event, person and reason: unique for ever, and the same in every replay.
fn notification_id(event: EventId, user: UserId, reason: Reason) -> NotificationId {
    let name = [user.0.as_bytes().as_slice(), reason.as_str().as_bytes()].concat();
    NotificationId(Uuid::new_v5(&event.0, &name))
}

#[cfg(test)]
mod tests;
