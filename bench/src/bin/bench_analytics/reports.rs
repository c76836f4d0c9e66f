//! The reports in the peer's SQL, in as few readings as ours, and what comes out in the form of ours.

use crate::peer::Row;
use chrono::{DateTime, SecondsFormat, Utc};
use millstream_analytics_engine::reports::distribution::{GROUPS_MAX, Group};
use millstream_analytics_engine::reports::team::PEOPLE_MAX;
use millstream_analytics_engine::reports::{Question, Scope};
use millstream_domain::ids::{TeamId, UserId};
use serde_json::{Map, Value, json};

/// A part of a report, and the statement that tells it.
pub(crate) struct Part {
    name: &'static str,
    form: Form,
    pub(crate) sql: String,
}

/// How rows become the part.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// The only row.
    One,
    Rows,
    /// Rows of the days on which something happened: all together, and each.
    Period,
    /// The only row: how long it took, each with its three ranks.
    Times,
    /// Rows of how many stretches of a status began on a day, or ended.
    Levels,
    /// The first of the rows, and how many are in the others.
    Groups,
}

const OPEN: &str = "trashed_at is null and not archived and status <> 'done'";

fn moment(at: DateTime<Utc>) -> String {
    let text = at.to_rfc3339_opts(SecondsFormat::Micros, true);
    format!("timestamptz '{text}'")
}

fn condition(scope: &Scope, seen: &str) -> String {
    let mut all = vec![seen.to_owned()];
    all.extend(scope.team.map(|it| format!("team_id = '{it}'")));
    all.extend(scope.project.map(|it| format!("project_id = '{it}'")));
    all.extend(
        scope
            .assignee
            .map(|it| format!("list_contains(assignees, '{it}')")),
    );
    all.join(" and ")
}

fn within(question: &Question) -> String {
    let days = question.days();
    let (begin, end) = (moment(days.begin()), moment(days.end()));
    format!("entered_at >= {begin} and entered_at < {end}")
}

/// The day of a time, counted from the first.
fn day_of(question: &Question, time: &str) -> String {
    let (zone, days) = (question.zone.name(), question.days());
    format!(
        "({time} at time zone '{zone}')::date - date '{}'",
        days.dates()[0]
    )
}

fn standing(name: &'static str, question: &Question, scope: &str) -> Part {
    let days = question.days();
    let now = moment(question.now);
    let (today, tomorrow) = (moment(days.last_begins()), moment(days.end()));
    let sql = format!(
        "select count(*) as open,
            count(*) filter (where status = 'in_progress') as in_progress,
            count(*) filter (where status = 'blocked') as blocked,
            count(*) filter (where due_at < {now}) as overdue,
            count(*) filter (where due_at >= {today} and due_at < {tomorrow}) as due_today,
            count(*) filter (where len(assignees) = 0) as unassigned
         from tasks where {OPEN} and {scope}"
    );
    Part {
        name,
        form: Form::One,
        sql,
    }
}

/// What happened on each day. All days together are their sum: so it reads the rows once, as ours does.
fn period(question: &Question, scope: &str) -> Part {
    let (within, day) = (within(question), day_of(question, "entered_at"));
    let sql = format!(
        "select {day} as day, count(*) filter (where creation) as created,
            count(*) filter (where completion) as completed,
            count(*) filter (where reopening) as reopened,
            count(*) filter (where completion and due_at is not null) as completed_with_due,
            count(*) filter (where completion and entered_at <= due_at) as completed_on_time
         from task_intervals
         where {within} and (creation or completion or reopening) and {scope} group by 1"
    );
    Part {
        name: "period",
        form: Form::Period,
        sql,
    }
}

/// How long it took, by one reading as well.
fn times(taken: &[Taken], question: &Question, scope: &str) -> Part {
    let within = within(question);
    let seconds = taken.iter().map(|(name, from)| {
        format!(
            "case when {from} is not null
             then greatest((epoch_us(entered_at) - epoch_us({from})) // 1000000, 0) end as {name}"
        )
    });
    let seconds = seconds.collect::<Vec<_>>().join(", ");
    let ranks = taken.iter().map(|(name, _)| {
        format!(
            "{{'count': count({name}), 'ranks': quantile_disc({name}, [0.5, 0.85, 0.95])}} as {name}"
        )
    });
    let ranks = ranks.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "select {ranks} from (select {seconds} from task_intervals where completion and {within} and {scope})"
    );
    Part {
        name: "times",
        form: Form::Times,
        sql,
    }
}

/// A time's name, and the column that says from when it is taken.
type Taken = (&'static str, &'static str);
const CYCLE: Taken = ("cycle_time", "started_at");
const LEAD: Taken = ("lead_time", "created_at");

pub(crate) fn dashboard(question: &Question, seen: &str, reader: UserId) -> Vec<Part> {
    let all = condition(&question.scope, seen);
    let mine = Scope {
        assignee: Some(reader),
        ..question.scope
    };
    vec![
        standing("now", question, &all),
        standing("mine", question, &condition(&mine, seen)),
        period(question, &all),
        times(&[CYCLE], question, &all),
    ]
}

pub(crate) fn person(question: &Question, seen: &str) -> Vec<Part> {
    let theirs = condition(&question.scope, seen);
    vec![
        standing("now", question, &theirs),
        period(question, &theirs),
        times(&[CYCLE, LEAD], question, &theirs),
    ]
}

pub(crate) fn team(question: &Question, seen: &str, team: TeamId) -> Vec<Part> {
    let mut parts = person(question, seen);
    let (now, within) = (moment(question.now), within(question));
    let sql = format!(
        "with counted as (
            select unnest(assignees) as person, 1 as open,
                case when due_at < {now} then 1 else 0 end as overdue, 0 as completed
            from tasks where {OPEN} and team_id = '{team}'
            union all
            select unnest(assignees), 0, 0, 1 from task_intervals
            where completion and {within} and team_id = '{team}'
            union all
            select user_id, 0, 0, 0 from memberships where team_id = '{team}'
         ), summed as (
            select person, sum(open)::bigint as open, sum(overdue)::bigint as overdue,
                sum(completed)::bigint as completed
            from counted group by person
         )
         select users.id as user_id, users.username, users.display_name, summed.open, summed.overdue, summed.completed
         from summed join users on users.id = summed.person
         order by summed.open desc, summed.completed desc, users.username limit {PEOPLE_MAX}"
    );
    parts.push(Part {
        name: "people",
        form: Form::Rows,
        sql,
    });
    parts
}

pub(crate) fn project(question: &Question, seen: &str) -> Vec<Part> {
    let mut parts = person(question, seen);
    let scope = condition(&question.scope, seen);
    let counts = format!("(not archived or status = 'done') and {scope}");
    let (entered, left) = (day_of(question, "entered_at"), day_of(question, "left_at"));
    let sql = format!(
        "select began, ended, status, count(*) as count from (
            select {entered} as began, {left} as ended, status from task_intervals where {counts}
         ) group by grouping sets ((began, status), (ended, status))"
    );
    parts.push(Part {
        name: "cumulative",
        form: Form::Levels,
        sql,
    });
    parts
}

pub(crate) fn distribution(question: &Question, seen: &str, group: Group) -> Vec<Part> {
    let scope = condition(&question.scope, seen);
    let grouped = match group {
        Group::Status => format!(
            "select status as value, status as label, count(*) as count from tasks
             where trashed_at is null and not archived and {scope} group by 1, 2"
        ),
        Group::Assignee => format!(
            "with held as (
                select unnest(case when len(assignees) = 0 then [null] else assignees end) as person
                from tasks where {OPEN} and {scope})
             select person as value, max(users.display_name) as label, count(*) as count
             from held left join users on users.id = person group by 1"
        ),
        Group::Priority | Group::Project | Group::Team => panic!("not among those that are asked"),
    };
    let sql = format!("select * from ({grouped}) order by count desc, value nulls last");
    vec![Part {
        name: "groups",
        form: Form::Groups,
        sql,
    }]
}

/// The peer's rows as the report that they are.
pub(crate) fn put_together(question: &Question, parts: &[Part], answers: Vec<Vec<Row>>) -> Value {
    let mut report = Map::new();
    for (part, mut rows) in parts.iter().zip(answers) {
        let value = match part.form {
            Form::One => Value::Object(rows.swap_remove(0)),
            Form::Rows => rows.into_iter().map(Value::Object).collect(),
            Form::Period => {
                report.insert("days".into(), of_days(question, &rows));
                all_together(&rows)
            }
            Form::Times => {
                report.extend(rows.swap_remove(0).into_iter().map(ranked));
                continue;
            }
            Form::Levels => of_levels(question, &rows),
            Form::Groups => {
                let rest = rows.split_off(rows.len().min(GROUPS_MAX));
                let others: i64 = rest.iter().map(|row| number(row, "count")).sum();
                report.insert("others".into(), json!(others));
                rows.into_iter().map(Value::Object).collect()
            }
        };
        report.insert(part.name.into(), value);
    }
    Value::Object(report)
}

fn number(row: &Row, name: &str) -> i64 {
    row[name].as_i64().unwrap()
}

fn all_together(rows: &[Row]) -> Value {
    let sum = |name: &str| -> i64 { rows.iter().map(|row| number(row, name)).sum() };
    json!({"created": sum("created"), "completed": sum("completed"), "reopened": sum("reopened"),
        "completed_with_due": sum("completed_with_due"), "completed_on_time": sum("completed_on_time")})
}

/// A time with its ranks as ours has them.
fn ranked((name, time): (String, Value)) -> (String, Value) {
    let rank = |at: usize| time["ranks"].get(at);
    let ranks =
        json!({"count": time["count"], "p50_s": rank(0), "p85_s": rank(1), "p95_s": rank(2)});
    (name, ranks)
}

fn of_days(question: &Question, rows: &[Row]) -> Value {
    let days = question.days();
    let numbered = (0..).zip(days.dates());
    let day = |(n, day)| {
        let row = rows.iter().find(|row| number(row, "day") == n);
        let count = |name| row.map_or(0, |row| number(row, name));
        json!({"day": day, "created": count("created"), "completed": count("completed")})
    };
    numbered.map(day).collect()
}

fn of_levels(question: &Question, rows: &[Row]) -> Value {
    let days = question.days();
    let numbered = (0..).zip(days.dates());
    let level = |(n, day)| {
        let is_past = |day: &Value| day.as_i64().is_some_and(|day| day <= n);
        let count = |status: &str| -> i64 {
            let steps = rows.iter().filter(|row| row["status"] == status);
            let more = steps.map(|row| match (&row["began"], &row["ended"]) {
                (began, _) if is_past(began) => number(row, "count"),
                (Value::Null, ended) if is_past(ended) => -number(row, "count"),
                _ => 0,
            });
            more.sum()
        };
        json!({"day": day, "todo": count("todo"), "in_progress": count("in_progress"),
            "blocked": count("blocked"), "done": count("done")})
    };
    numbered.map(level).collect()
}
