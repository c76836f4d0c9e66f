//! What is asked: the five reports, some of them in more than one way, and SQL.

use crate::made::Made;
use crate::peer::Row;
use crate::reports::{self, Part};
use crate::statements;
use chrono_tz::Tz;
use millstream_analytics_engine::reports::distribution::{self, Group};
use millstream_analytics_engine::reports::{Question, Scope, dashboard, flow, stats, team};
use millstream_analytics_engine::session::Asker;
use millstream_analytics_engine::{Engine, Session};
use millstream_domain::ids::{ProjectId, TeamId, UserId};
use millstream_domain::policy::Visible;
use serde::Serialize;
use serde_json::Value;

/// Whose days are counted.
const ZONE: Tz = chrono_tz::Europe::Vienna;

/// A question that both are asked.
pub(crate) struct Asked {
    pub(crate) name: String,
    asker: Asker,
    what: What,
}

enum What {
    /// A report, and the statements by which the peer comes to the same.
    Report(Report, Question, Vec<Part>),
    /// The same statement for both; ours in this process.
    Sql(String),
    /// The same as somebody asks it who writes it: each in a process of its own.
    SqlOfPeople(String),
}

#[derive(Clone, Copy)]
enum Report {
    Dashboard,
    Distribution(Group),
    Person(UserId),
    Team(TeamId),
    Project(ProjectId),
}

/// All of them.
pub(crate) fn all(made: &Made) -> Vec<Asked> {
    let mut all = reports_of(made);
    for (name, sql) in statements::all(made) {
        for (way, what) in [
            ("sql", What::Sql(sql.clone())),
            ("sql in a process", What::SqlOfPeople(sql)),
        ] {
            all.push(Asked {
                name: format!("{way}/{name}"),
                asker: asker(made.admin),
                what,
            });
        }
    }
    all
}

/// Every report, as an admin, and the dashboard as a member.
fn reports_of(made: &Made) -> Vec<Asked> {
    let about = |scope: Scope, days| Question {
        now: made.now,
        zone: ZONE,
        days,
        scope,
    };
    let whole = Scope::default();
    let person = Scope {
        assignee: Some(made.member),
        ..whole
    };
    let of_team = Scope {
        team: Some(made.team),
        ..whole
    };
    let of_project = Scope {
        project: Some(made.project),
        ..whole
    };
    let reports = [
        ("dashboard", Report::Dashboard, about(whole, 30)),
        ("dashboard, 366 days", Report::Dashboard, about(whole, 366)),
        (
            "distribution/status",
            Report::Distribution(Group::Status),
            about(whole, 30),
        ),
        (
            "distribution/assignee",
            Report::Distribution(Group::Assignee),
            about(whole, 30),
        ),
        ("person", Report::Person(made.member), about(person, 30)),
        ("team", Report::Team(made.team), about(of_team, 30)),
        (
            "project",
            Report::Project(made.project),
            about(of_project, 30),
        ),
    ];
    let admin = asker(made.admin);
    let report = |name: &str, report: Report, question: Question, asker: &Asker, seen: &str| {
        let parts = parts(&report, &question, asker.id, seen);
        Asked {
            name: format!("report/{name}"),
            asker: asker.clone(),
            what: What::Report(report, question, parts),
        }
    };
    let mut all = Vec::new();
    for (name, what, question) in reports {
        all.push(report(name, what, question, &admin, "true"));
    }
    let teams = made.teams_of_member.iter().map(|team| format!("'{team}'"));
    let seen = format!("team_id in ({})", teams.collect::<Vec<_>>().join(", "));
    let (name, member) = ("dashboard of a member", asker(made.member));
    all.push(report(
        name,
        Report::Dashboard,
        about(whole, 30),
        &member,
        &seen,
    ));
    all
}

fn value(report: impl Serialize) -> Value {
    serde_json::to_value(report).expect("reports have a JSON form")
}

fn asker(id: UserId) -> Asker {
    Asker {
        id,
        visible: Visible::All,
    }
}

fn parts(report: &Report, question: &Question, reader: UserId, seen: &str) -> Vec<Part> {
    match report {
        Report::Dashboard => reports::dashboard(question, seen, reader),
        Report::Distribution(group) => reports::distribution(question, seen, *group),
        Report::Person(_) => reports::person(question, seen),
        Report::Team(team) => reports::team(question, seen, *team),
        Report::Project(_) => reports::project(question, seen),
    }
}

impl Asked {
    /// Asks ours.
    pub(crate) async fn ours(&self, engine: &Engine) -> Value {
        match &self.what {
            What::Report(report, question, _) => {
                self.report(engine, *report, question.clone()).await
            }
            What::Sql(sql) => {
                let sql = sql.clone();
                let ask = async move |session: Session| Ok(statements::rows(&session, &sql).await);
                engine.answer(&self.asker, ask).await.unwrap()
            }
            What::SqlOfPeople(sql) => {
                let answer = engine.sql(&self.asker, sql, 10_000).await.unwrap();
                statements::by_name(&answer)
            }
        }
    }

    async fn report(&self, engine: &Engine, report: Report, question: Question) -> Value {
        let reader = self.asker.id;
        let answer = engine.answer(&self.asker, move |session| async move {
            let (session, question) = (&session, &question);
            Ok(match report {
                Report::Dashboard => value(dashboard::ask(session, question, reader).await?),
                Report::Distribution(group) => {
                    value(distribution::ask(session, question, group).await?)
                }
                Report::Person(person) => value(stats::ask(session, question, person).await?),
                Report::Team(of) => value(team::ask(session, question, of).await?),
                Report::Project(project) => value(flow::ask(session, question, project).await?),
            })
        });
        answer.await.unwrap()
    }

    /// The peer's statements.
    pub(crate) fn statements(&self) -> Vec<&str> {
        match &self.what {
            What::Report(_, _, parts) => parts.iter().map(|part| part.sql.as_str()).collect(),
            What::Sql(sql) | What::SqlOfPeople(sql) => vec![sql],
        }
    }

    /// What the peer's rows say, in the form of ours.
    pub(crate) fn theirs(&self, answers: Vec<Vec<Row>>) -> Value {
        match &self.what {
            What::Report(_, question, parts) => reports::put_together(question, parts, answers),
            What::Sql(_) | What::SqlOfPeople(_) => statements::without_nulls(answers),
        }
    }
}
