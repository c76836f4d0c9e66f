//! The form of a schedule: its fields as they are or were typed, and as the API reads them.

use crate::extract::Params;
use crate::pages::form::{Wrong, sent};
use chrono_tz::Tz;
use millstream_domain::field::FieldCode;
use millstream_event_log::events::schedule::ScheduleState;
use serde_json::{Map, Value};

/// What stands in the form.
#[derive(Debug, Clone, Default)]
pub(super) struct ScheduleForm {
    pub(super) name: String,
    pub(super) cron: String,
    pub(super) every_s: String,
    pub(super) time_zone: String,
    pub(super) kind: String,
    pub(super) args: String,
    pub(super) queue: String,
    pub(super) enabled: String,
    pub(super) missed: String,
    pub(super) missed_max: String,
}

impl ScheduleForm {
    /// A schedule as it is.
    pub(super) fn of(schedule: &ScheduleState) -> Self {
        Self {
            name: schedule.name.clone(),
            cron: schedule.cron.clone().unwrap_or_default(),
            every_s: schedule.every_s.map_or_else(String::new, |s| s.to_string()),
            time_zone: schedule.time_zone.clone(),
            kind: schedule.kind.clone(),
            args: schedule.args.to_string(),
            queue: schedule.queue.to_string(),
            enabled: schedule.enabled.to_string(),
            missed: schedule.missed.to_string(),
            missed_max: schedule.missed_max.to_string(),
        }
    }

    /// An empty one, for somebody in this zone.
    pub(super) fn blank(zone: Tz) -> Self {
        Self {
            time_zone: zone.name().to_owned(),
            args: "{}".to_owned(),
            enabled: "true".to_owned(),
            missed: "once".to_owned(),
            missed_max: "1".to_owned(),
            ..Self::default()
        }
    }

    /// What was sent.
    pub(super) fn sent(params: &mut Params) -> Self {
        let mut field = |name| sent(params, name).unwrap_or_default();
        Self {
            name: field("name"),
            cron: field("cron"),
            every_s: field("every_s"),
            time_zone: field("time_zone"),
            kind: field("kind"),
            args: field("args"),
            queue: field("queue"),
            enabled: field("enabled"),
            missed: field("missed"),
            missed_max: field("missed_max"),
        }
    }

    /// The members of the body that the API reads. What is empty is not there, but for the two of which one is given.
    pub(super) fn members(&self) -> Result<Map<String, Value>, Wrong> {
        let number = |text: &str| {
            let text = text.trim();
            let number = text.parse::<i64>().map(Value::from);
            number.unwrap_or_else(|_| text.into())
        };
        let or_null = |text: &str, value: Value| match text.trim() {
            "" => Value::Null,
            _ => value,
        };
        let args = match self.args.trim() {
            "" => Value::Null,
            text => serde_json::from_str(text).map_err(|_| {
                let message = "must be a JSON object, such as {\"days\": 30}";
                Wrong::field("args", FieldCode::Invalid, message)
            })?,
        };
        let enabled = match self.enabled.as_str() {
            "true" => true.into(),
            "false" => false.into(),
            other => other.into(),
        };
        let all: [(&str, Value); 10] = [
            ("name", self.name.as_str().into()),
            ("cron", or_null(&self.cron, self.cron.as_str().into())),
            ("every_s", or_null(&self.every_s, number(&self.every_s))),
            ("time_zone", self.time_zone.as_str().into()),
            ("kind", self.kind.as_str().into()),
            ("args", args),
            ("queue", self.queue.as_str().into()),
            ("enabled", enabled),
            ("missed", self.missed.as_str().into()),
            ("missed_max", number(&self.missed_max)),
        ];
        let members = all
            .into_iter()
            .filter(|(_, value)| value.as_str() != Some(""))
            .map(|(name, value)| (name.to_owned(), value));
        Ok(members.collect())
    }

    /// Whether a choice is the one that is made.
    pub(super) fn is(&self, field: &str, choice: &str) -> bool {
        let chosen = match field {
            "kind" => &self.kind,
            "queue" => &self.queue,
            "enabled" => &self.enabled,
            _ => &self.missed,
        };
        chosen == choice
    }
}
