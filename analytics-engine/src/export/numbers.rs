//! The numbers of a report: as JSON exactly what the API answers to the same question, and as rows of one form for sheets.

use super::{ExportError, Wanted};
use crate::error::LakeError;
use crate::reports::distribution::{self, Group};
use crate::reports::{Question, Scope, dashboard, flow, stats, team};
use crate::session::Session;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use chrono_tz::Tz;
use millstream_domain::report::{ReportGroup, ReportOrder};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The parts of reports, in the order in which their rows come.
const PARTS: [&str; 14] = [
    "user",
    "team",
    "project",
    "period",
    "now",
    "mine",
    "throughput",
    "cycle_time",
    "lead_time",
    "groups",
    "others",
    "people",
    "days",
    "cumulative",
];

/// The members of somebody's row that stand below `user` in the API.
const NAMES: [&str; 3] = ["user_id", "username", "display_name"];

/// Asks, and answers in the form of the API.
pub(super) async fn ask(session: &Session, wanted: &Wanted, zone: Tz) -> Result<Value, LakeError> {
    let question = |days, team, project| Question {
        now: wanted.now,
        zone,
        days,
        scope: Scope {
            team,
            project,
            assignee: None,
        },
    };
    let mut told = match wanted.order {
        ReportOrder::Dashboard {
            days,
            team,
            project,
        } => {
            let question = question(days, team, project);
            let answer = dashboard::ask(session, &question, wanted.owner).await?;
            let mut told = of_days(&question, &answer, None);
            // Each spread is a report of its own.
            told["spread"] = json!([]);
            told
        }
        ReportOrder::Distribution { by, team, project } => {
            let question = question(1, team, project);
            value(&distribution::ask(session, &question, group(by)).await?)
        }
        ReportOrder::Stats { user, days } => {
            let question = question(days, None, None);
            let answer = stats::ask(session, &question, user).await?;
            let name = session.person(user).await?;
            of_days(&question, &answer, Some(("user", value(&name))))
        }
        ReportOrder::Performance { team: id, days } => {
            let question = question(days, None, None);
            let answer = team::ask(session, &question, id).await?;
            let name = session.team(id).await?;
            of_days(&question, &answer, Some(("team", value(&name))))
        }
        ReportOrder::Flow { project, days } => {
            let question = question(days, None, None);
            let answer = flow::ask(session, &question, project).await?;
            let name = session.project(project).await?;
            of_days(&question, &answer, Some(("project", value(&name))))
        }
        ReportOrder::Tasks { .. } => Value::Null,
    };
    // A position, as clients know it.
    told["as_of"] = format!("s{}", session.cut()).into();
    Ok(told)
}

fn group(by: ReportGroup) -> Group {
    match by {
        ReportGroup::Status => Group::Status,
        ReportGroup::Priority => Group::Priority,
        ReportGroup::Assignee => Group::Assignee,
        ReportGroup::Project => Group::Project,
        ReportGroup::Team => Group::Team,
    }
}

fn value(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("answers are plain data")
}

/// An answer about some days, under the names that the API has for its parts.
fn of_days(question: &Question, answer: &impl Serialize, of: Option<(&str, Value)>) -> Value {
    let mut told = value(answer);
    let days = question.days();
    let dates = days.dates();
    let zone = question.zone.to_string();
    told["throughput"] = told["period"].take();
    told["period"] = json!({"from": dates[0], "to": dates[dates.len() - 1], "time_zone": zone});
    if let Some((name, of)) = of {
        told[name] = of;
    }
    let people = told.get_mut("people").and_then(Value::as_array_mut);
    for person in people.into_iter().flatten() {
        person["user"] = json!({
            "id": person["user_id"], "username": person["username"], "display_name": person["display_name"],
        });
        if let Some(members) = person.as_object_mut() {
            members.retain(|name, _| !NAMES.contains(&name.as_str()));
        }
    }
    told
}

/// A row of a sheet.
#[derive(Debug, Default, Clone, PartialEq)]
struct Row {
    part: String,
    key: Option<String>,
    label: Option<String>,
    measure: String,
    value: Option<i64>,
}

/// The numbers as rows: which part of the report, of what in it, what is measured, and how much.
pub(super) fn rows(told: &Value) -> Result<RecordBatch, ExportError> {
    let rows = listed(told);
    let texts = |of: fn(&Row) -> Option<&str>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let values: Int64Array = rows.iter().map(|row| row.value).collect();
    let columns: [(&str, ArrayRef, bool); 5] = [
        ("part", texts(|row| Some(&row.part)), false),
        ("key", texts(|row| row.key.as_deref()), true),
        ("label", texts(|row| row.label.as_deref()), true),
        ("measure", texts(|row| Some(&row.measure)), false),
        ("value", Arc::new(values), true),
    ];
    RecordBatch::try_from_iter_with_nullable(columns).map_err(ExportError::unwritable)
}

fn listed(told: &Value) -> Vec<Row> {
    let mut rows = Vec::new();
    for part in PARTS {
        let blank = Row {
            part: part.to_owned(),
            ..Row::default()
        };
        match &told[part] {
            Value::Object(members) => measures(members, &blank, &mut rows),
            Value::Array(items) => {
                for item in items {
                    of_item(item, &blank, &mut rows);
                }
            }
            Value::Number(count) => rows.push(Row {
                measure: "count".to_owned(),
                value: count.as_i64(),
                ..blank
            }),
            _ => {}
        }
    }
    rows
}

/// The measures of a day, of a person, or of a group.
fn of_item(item: &Value, blank: &Row, rows: &mut Vec<Row>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut members = item.as_object().cloned().unwrap_or_default();
    let mut taken = |name: &str| members.remove(name).unwrap_or_default();
    let (day, user) = (taken("day"), taken("user"));
    let (of, label) = (taken("value"), taken("label"));
    let blank = Row {
        key: text(&day)
            .or_else(|| text(&user["id"]))
            .or_else(|| text(&of)),
        label: text(&user["username"]).or_else(|| text(&label)),
        ..blank.clone()
    };
    measures(&members, &blank, rows);
}

/// A row for each number, and for each text, which stands as the label. By name: a map has no order of its own.
fn measures(members: &Map<String, Value>, blank: &Row, rows: &mut Vec<Row>) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    for (name, value) in sorted {
        rows.push(Row {
            measure: name.clone(),
            value: value.as_i64(),
            label: value
                .as_str()
                .map(str::to_owned)
                .or_else(|| blank.label.clone()),
            ..blank.clone()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_row_that_says_what_it_is() {
        let told = json!({
            "team": {"id": "t", "name": "Millers"},
            "now": {"open": 2},
            "cycle_time": {"count": 0, "p50_s": null},
            "days": [{"day": "2026-01-01", "created": 1, "completed": 0}],
            "people": [{"user": {"id": "u", "username": "ada", "display_name": "Ada"}, "open": 1}],
            "groups": [{"value": null, "label": null, "count": 3}],
            "others": 4,
        });
        let told = listed(&told).into_iter().map(|row| {
            let text = |text: Option<String>| text.unwrap_or_else(|| "–".into());
            let value = row.value.map(|value| value.to_string());
            [
                row.part,
                text(row.key),
                text(row.label),
                row.measure,
                text(value),
            ]
            .join(" ")
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                "team – t id –",
                "team – Millers name –",
                "now – – open 2",
                "cycle_time – – count 0",
                "cycle_time – – p50_s –",
                "groups – – count 3",
                "others – – count 4",
                "people u ada open 1",
                "days 2026-01-01 – completed 0",
                "days 2026-01-01 – created 1",
            ]
        );
    }
}
