//! What an event tells the audit, noun by noun. No `_` arm: a new event does not compile until it has its line here.

use super::Outcome;
use millstream_event_log::Event;
use millstream_event_log::events::session::EndReason;
use millstream_event_log::events::{
    AccessEvent, ApiTokenEvent, CommentEvent, DeadlineEvent, JobEvent, KeyEvent, MemberEvent,
    NotificationEvent, PipelineEvent, ProjectEvent, ReportEvent, ScheduleEvent, SessionEvent,
    StatementEvent, TagEvent, TaskEvent, TeamEvent, UserEvent, WatchEvent,
};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A record's payload, as it was written.
pub(super) type Payload = Map<String, Value>;

/// What an event tells.
pub(super) struct Told {
    pub(super) entity: String,
    pub(super) entity_id: Option<Uuid>,
    pub(super) entity_name: Option<String>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<String>,
}

impl Told {
    /// Something that was done to a thing.
    fn done(entity: &str, id: impl Into<Option<Uuid>>, name: Option<&str>) -> Self {
        Self {
            entity: entity.to_owned(),
            entity_id: id.into(),
            entity_name: name.map(str::to_owned),
            before: None,
            after: None,
            outcome: Outcome::Accepted,
            reason: None,
        }
    }

    fn states(self, before: Option<Value>, after: Option<Value>) -> Self {
        Self {
            before,
            after,
            ..self
        }
    }

    fn ended(self, outcome: Outcome, reason: impl Into<Option<String>>) -> Self {
        Self {
            outcome,
            reason: reason.into(),
            ..self
        }
    }
}

pub(super) fn tell(event: &Event, payload: Payload) -> Told {
    match event {
        Event::Task(event) => task(event, payload),
        Event::Comment(event) => comment(event, payload),
        Event::Watch(event) => watch(event, payload),
        Event::Tag(event) => tag(event, payload),
        Event::Project(event) => project(event, payload),
        Event::Team(event) => team(event, payload),
        Event::Member(event) => member(event),
        Event::User(event) => user(event, payload),
        Event::Session(event) => session(event, payload),
        Event::Access(event) => access(event),
        Event::ApiToken(event) => api_token(event, payload),
        Event::Notification(event) => notification(event, payload),
        Event::Deadline(event) => deadline(event, payload),
        Event::Job(event) => job(event),
        Event::Report(event) => report(event, payload),
        Event::Statement(event) => statement(event, payload),
        Event::Schedule(event) => schedule(event, payload),
        Event::Pipeline(event) => pipeline(event, payload),
        Event::Key(event) => key(event, payload),
    }
}

fn task(event: &TaskEvent, mut payload: Payload) -> Told {
    let task = event.task();
    let told = Told::done("task", task.id.0, Some(&task.name));
    match event {
        TaskEvent::Created(_) => told.states(None, payload.remove("task")),
        TaskEvent::Updated(_)
        | TaskEvent::Assigned(_)
        | TaskEvent::Moved(_)
        | TaskEvent::Archived(_)
        | TaskEvent::Trashed(_)
        | TaskEvent::Restored(_) => told.states(payload.remove("before"), payload.remove("after")),
        TaskEvent::Deleted(_) => told.states(payload.remove("task"), None),
    }
}

/// A comment has no name; it is shown by that of its task.
fn comment(event: &CommentEvent, mut payload: Payload) -> Told {
    let comment = event.comment();
    let told = Told::done("comment", comment.id.0, Some(&comment.task.name));
    match event {
        CommentEvent::Created(_) => told.states(None, payload.remove("comment")),
        CommentEvent::Edited(_) | CommentEvent::Deleted(_) => {
            told.states(payload.remove("before"), payload.remove("after"))
        }
    }
}

fn watch(event: &WatchEvent, payload: Payload) -> Told {
    let watcher = event.watcher();
    let told = Told::done("task", watcher.task_id.0, Some(&watcher.name));
    let payload = Some(Value::Object(payload));
    match event {
        WatchEvent::Watched(_) => told.states(None, payload),
        WatchEvent::Unwatched(_) => told.states(payload, None),
    }
}

fn tag(event: &TagEvent, mut payload: Payload) -> Told {
    let tag = event.tag();
    let told = Told::done("tag", tag.id.0, Some(&tag.name));
    match event {
        TagEvent::Created(_) => told.states(None, payload.remove("tag")),
        TagEvent::Updated(_) => told.states(payload.remove("before"), payload.remove("after")),
        TagEvent::Deleted(_) => told.states(payload.remove("tag"), None),
    }
}

fn project(event: &ProjectEvent, mut payload: Payload) -> Told {
    let project = event.project();
    let told = Told::done("project", project.id.0, Some(&project.name));
    match event {
        ProjectEvent::Created(_) => told.states(None, payload.remove("project")),
        ProjectEvent::Updated(_) => told.states(payload.remove("before"), payload.remove("after")),
        ProjectEvent::Deleted(_) => told.states(payload.remove("project"), None),
    }
}

fn team(event: &TeamEvent, mut payload: Payload) -> Told {
    let team = event.team();
    let told = Told::done("team", team.id.0, Some(&team.name));
    match event {
        TeamEvent::Created(_) => told.states(None, payload.remove("team")),
        TeamEvent::Updated(_) => told.states(payload.remove("before"), payload.remove("after")),
        TeamEvent::Deleted(_) => told.states(payload.remove("team"), None),
    }
}

/// A membership is a thing of its team; the person is its name.
fn member(event: &MemberEvent) -> Told {
    let membership = event.membership();
    let state = |role| {
        json!({
            "team_id": membership.team_id,
            "user_id": membership.user_id,
            "username": membership.username,
            "role": role,
        })
    };
    let (role, role_before) = (membership.role, membership.role_before);
    let told = Told::done("member", membership.team_id.0, Some(&membership.username));
    match event {
        MemberEvent::Added(_) => told.states(None, Some(state(role))),
        MemberEvent::Changed(_) => told.states(role_before.map(state), Some(state(role))),
        MemberEvent::Removed(_) => told.states(Some(state(role)), None),
    }
}

fn user(event: &UserEvent, mut payload: Payload) -> Told {
    let name = event.after().map(|user| user.username.as_str());
    let told = Told::done("user", event.user_id().0, name);
    match event {
        UserEvent::Registered(_) => told.states(None, payload.remove("user")),
        UserEvent::Updated(changed) => {
            let mut after = payload.remove("after");
            // The address itself is in no event; that it changed is worth knowing.
            if let (true, Some(Value::Object(after))) = (changed.email_changed, &mut after) {
                after.insert("email_changed".into(), Value::Bool(true));
            }
            told.states(payload.remove("before"), after)
        }
        UserEvent::PasswordChanged(_)
        | UserEvent::PasswordResetAsked(_)
        | UserEvent::PasswordReset(_) => told,
    }
}

/// Somebody who fails to log in has no session: the entry is about the account that was tried, where there is one.
fn session(event: &SessionEvent, payload: Payload) -> Told {
    let told = Told::done("session", event.session_id().map(Uuid::from), None);
    match event {
        SessionEvent::Started(_) => told.states(None, Some(Value::Object(payload))),
        SessionEvent::LoginFailed(failed) => {
            let reason = standing_for("wrong_credentials", failed.suppressed);
            Told::done("user", failed.user_id.map(Uuid::from), None).ended(Outcome::Failed, reason)
        }
        SessionEvent::LoginRefused(refused) => {
            let from = if refused.known_address {
                "too_many_tries_from_known_address"
            } else {
                "too_many_tries_from_unknown_addresses"
            };
            let reason = standing_for(from, refused.suppressed);
            Told::done("user", refused.user_id.map(Uuid::from), None)
                .ended(Outcome::Refused, reason)
        }
        SessionEvent::Ended(ended) => {
            let (outcome, word) = match ended.reason {
                EndReason::LoggedOut => (Outcome::Accepted, "logged_out"),
                EndReason::Revoked => (Outcome::Accepted, "revoked"),
                EndReason::RefreshReused => (Outcome::Refused, "refresh_reused"),
                EndReason::PasswordChanged => (Outcome::Accepted, "password_changed"),
                EndReason::PasswordReset => (Outcome::Accepted, "password_reset"),
                EndReason::Deactivated => (Outcome::Accepted, "deactivated"),
            };
            let state = json!({"session_id": ended.session_id, "user_id": ended.user_id});
            told.states(Some(state), None)
                .ended(outcome, word.to_owned())
        }
    }
}

fn api_token(event: &ApiTokenEvent, payload: Payload) -> Told {
    let token = event.api_token();
    let told = Told::done("api_token", token.id.0, Some(&token.name));
    let payload = Some(Value::Object(payload));
    match event {
        ApiTokenEvent::Created(_) => told.states(None, payload),
        ApiTokenEvent::Revoked(_) => told.states(payload, None),
    }
}

fn access(event: &AccessEvent) -> Told {
    let AccessEvent::Refused(refused) = event;
    let entity = if refused.entity.is_empty() {
        "access"
    } else {
        &refused.entity
    };
    let reason = standing_for(&refused.attempted, refused.suppressed);
    Told::done(entity, refused.entity_id, None).ended(Outcome::Refused, reason)
}

fn job(event: &JobEvent) -> Told {
    let job = event.job();
    let before = json!({"queue": job.queue, "state": job.state_before, "attempts": job.attempts});
    let after = json!({"queue": job.queue, "state": job.state});
    Told::done("job", job.job_id.0, Some(&job.kind)).states(Some(before), Some(after))
}

fn report(event: &ReportEvent, payload: Payload) -> Told {
    let report = event.report();
    let told = Told::done(
        "report",
        report.report_id.0,
        Some(report.order.kind().as_str()),
    );
    let payload = Some(Value::Object(payload));
    match event {
        ReportEvent::Ordered(_) => told.states(None, payload),
        ReportEvent::Deleted(_) => told.states(payload, None),
    }
}

/// A statement has no id and changes nothing; what was asked and what came of it is what there is to tell.
fn statement(event: &StatementEvent, payload: Payload) -> Told {
    let told = Told::done("statement", None, None).states(None, Some(Value::Object(payload)));
    match event {
        StatementEvent::Answered(_) => told,
        StatementEvent::Refused(refused) => told.ended(Outcome::Refused, refused.code.clone()),
    }
}

fn schedule(event: &ScheduleEvent, mut payload: Payload) -> Told {
    let told = Told::done("schedule", event.id().0, Some(event.name()));
    match event {
        ScheduleEvent::Created(_) => told.states(None, payload.remove("schedule")),
        ScheduleEvent::Updated(_) => told.states(payload.remove("before"), payload.remove("after")),
        ScheduleEvent::Deleted(_) => told.states(payload.remove("schedule"), None),
        ScheduleEvent::Run(_) => told.states(None, Some(Value::Object(payload))),
    }
}

/// A pipeline is known by its name. What is done to a record that it refused is told with the record's place in the log.
fn pipeline(event: &PipelineEvent, payload: Payload) -> Told {
    let told = Told::done("pipeline", None, Some(event.pipeline()))
        .states(None, Some(Value::Object(payload)));
    match event {
        PipelineEvent::DeadLetterDiscarded(discarded) => {
            told.ended(Outcome::Accepted, discarded.reason.clone())
        }
        PipelineEvent::RebuildAsked(_)
        | PipelineEvent::Resumed(_)
        | PipelineEvent::DeadLetterRetried(_) => told,
    }
}

/// A key has no id of ours: the one that it has is its name.
fn key(event: &KeyEvent, payload: Payload) -> Told {
    let told = Told::done("key", None, Some(event.kid()));
    let payload = Some(Value::Object(payload));
    match event {
        KeyEvent::Published(_) => told.states(None, payload),
        KeyEvent::Retired(_) => told.states(payload, None),
    }
}

fn deadline(event: &DeadlineEvent, payload: Payload) -> Told {
    let task = event.overdue();
    Told::done("task", task.task_id.0, Some(&task.name)).states(None, Some(Value::Object(payload)))
}

fn notification(event: &NotificationEvent, payload: Payload) -> Told {
    match event {
        NotificationEvent::Read(_) | NotificationEvent::PreferencesChanged(_) => {
            Told::done("notification", None, None).states(None, Some(Value::Object(payload)))
        }
    }
}

/// A refusal that also stands for others of its address, which would drown everything else.
fn standing_for(reason: &str, suppressed: u64) -> String {
    if suppressed == 0 {
        reason.to_owned()
    } else {
        format!("{reason}; suppressed: {suppressed}")
    }
}
