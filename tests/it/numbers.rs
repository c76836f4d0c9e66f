//! Every number of every report, on issues that were imported and worked on: against a walk through `stream.log`, and against
//! `DuckDB` over the lake's files.
//!
//! The issues are written here, as a tracker would export them. With `TEST_ISSUES`, the path of a folder of such exports, theirs
//! are imported beside them: a project for each file. (Real exports are other people's, and stand in no repository.)

mod fold;
mod scene;

use crate::api::Session;
use crate::installation::PATIENCE;
use fold::{About, Fold, Question, Within};
use millstream_domain::clock::{Clock as _, SystemClock};
use scene::{Person, Scene};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use tokio::time::Instant;

/// The Python that has `duckdb` and `deltalake`; `cargo xtask test` brings it.
const PYTHON: &str = "TEST_DUCKDB_PYTHON";
/// What a dashboard is asked for beside its own numbers.
const SPREAD: [&str; 2] = ["status", "assignee"];
const SCRIPT: &str = include_str!("numbers/ask_duckdb.py");

#[tokio::test(flavor = "multi_thread")]
async fn imported_issues_are_counted_alike_by_reports_by_the_log_and_by_duckdb() {
    let scene = Scene::new().await;
    let events = scene.log().await;
    let fold = Fold::of(&events);
    let mut asked = Vec::new();
    let mut refused = 0;
    for person in &scene.people {
        for about in everything(&scene) {
            let question = person.question(about, &fold);
            match ask(person, &question).await {
                Some((question, told)) => {
                    assert_eq!(told, fold.answer(&question), "{question:?}");
                    asked.push((question, told));
                }
                None => refused += 1,
            }
        }
    }
    assert!(refused > 0, "nobody was refused anything");
    eprintln!("{} reports over {} events", asked.len(), events.len());
    let Some(python) = std::env::var_os(PYTHON).filter(|path| !path.is_empty()) else {
        eprintln!("left out: {PYTHON} names no Python with duckdb and deltalake");
        return;
    };
    scene.all_in_files().await;
    let questions = asked.iter().map(|(question, _)| wire(question, &fold));
    let questions: Value = questions.collect();
    let mut told = ask_duckdb(&python, &scene, &questions);
    let last = usize::try_from(told["events"]["last"].as_u64().unwrap()).unwrap();
    assert!(last >= events.len());
    let mut kinds = BTreeMap::new();
    for event in scene.log().await.iter().take(last) {
        *kinds.entry(event.kind.clone()).or_insert(0) += 1;
    }
    let held = json!({"all": last, "ids": last, "places": last, "last": last, "kinds": kinds});
    assert_eq!(told["events"], held);
    let answers = told["answers"].take();
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), asked.len());
    for ((question, told), duckdb) in asked.iter().zip(answers) {
        assert_eq!(told, duckdb, "{question:?}");
    }
}

/// Everything that can be asked about.
fn everything(scene: &Scene) -> Vec<About> {
    let team = |id: &String| Within {
        team: Some(id.clone()),
        project: None,
    };
    let project = |id: &String| Within {
        team: None,
        project: Some(id.clone()),
    };
    let mut all = vec![About::Dashboard(Within::default())];
    for by in ["status", "priority", "assignee", "project", "team"] {
        all.push(About::Distribution(by, Within::default()));
    }
    for id in &scene.teams {
        all.push(About::Dashboard(team(id)));
        all.push(About::Distribution("assignee", team(id)));
        all.push(About::Team(id.clone()));
    }
    for id in &scene.projects {
        all.push(About::Dashboard(project(id)));
        all.push(About::Distribution("status", project(id)));
        all.push(About::Project(id.clone()));
    }
    all.extend(scene.people.iter().map(|p| About::Person(p.id.clone())));
    all
}

impl Person {
    fn question(&self, about: About, fold: &Fold) -> Question {
        assert!(fold.seen_by(&self.id).is_none() == self.is_admin);
        Question {
            reader: self.id.clone(),
            zone: self.zone,
            now: SystemClock.now(),
            days: self.days,
            about,
        }
    }
}

/// The numbers that the API tells, and when; none for what the reader does not see.
async fn ask(person: &Person, question: &Question) -> Option<(Question, Value)> {
    loop {
        let question = Question {
            now: SystemClock.now(),
            ..question.clone()
        };
        let answer = person.session.get(&path(&question)).await;
        if answer.status() == 404 {
            return None;
        }
        let told = answer.expect(200).data();
        // It may have become midnight in between.
        let day = told["period"]["to"].as_str();
        if day.is_none_or(|day| day == question.today().to_string()) {
            return Some((question, numbers(told)));
        }
    }
}

fn path(question: &Question) -> String {
    let days = question.days;
    let asked = match &question.about {
        About::Dashboard(within) => {
            let by = SPREAD.map(|by| format!("&by={by}")).concat();
            format!("dashboard?days={days}{by}{}", narrowed(within))
        }
        About::Distribution(by, within) => {
            format!("tasks/distribution?by={by}{}", narrowed(within))
        }
        About::Person(id) => format!("users/{id}/stats?days={days}"),
        About::Team(id) => format!("teams/{id}/performance?days={days}"),
        About::Project(id) => format!("projects/{id}/flow?days={days}"),
    };
    format!("/analytics/{asked}")
}

fn narrowed(within: &Within) -> String {
    let narrowed = |name: &str, id: &Option<String>| {
        let id = id.as_ref();
        id.map(|id| format!("&{name}={id}")).unwrap_or_default()
    };
    narrowed("team", &within.team) + &narrowed("project", &within.project)
}

/// What the API tells, less what is no number: names, and the days that were asked for.
fn numbers(mut told: Value) -> Value {
    let report = told.as_object_mut().unwrap();
    for name in ["as_of", "period", "user", "team", "project"] {
        report.remove(name);
    }
    for person in rows(report.get_mut("people")) {
        person["user"] = person["user"]["id"].take();
    }
    for spread in rows(report.get_mut("spread")) {
        unlabelled(spread.get_mut("groups"));
    }
    unlabelled(report.get_mut("groups"));
    told
}

fn unlabelled(groups: Option<&mut Value>) {
    for group in rows(groups) {
        group.as_object_mut().unwrap().remove("label");
    }
}

fn rows(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

/// A question as the script reads it.
fn wire(question: &Question, fold: &Fold) -> Value {
    let mut wire = json!({
        "reader": question.reader, "seen": fold.seen_by(&question.reader), "now": question.now,
        "zone": question.zone.name(), "from": question.first(), "today": question.today(),
        "team": null, "project": null, "person": null, "by": null, "spread": SPREAD,
    });
    let narrow = |wire: &mut Value, within: &Within| {
        wire["team"] = json!(within.team);
        wire["project"] = json!(within.project);
    };
    let about = match &question.about {
        About::Dashboard(within) => {
            narrow(&mut wire, within);
            "dashboard"
        }
        About::Distribution(by, within) => {
            narrow(&mut wire, within);
            wire["by"] = json!(by);
            "distribution"
        }
        About::Person(id) => {
            wire["person"] = json!(id);
            "person"
        }
        About::Team(id) => {
            wire["team"] = json!(id);
            "team"
        }
        About::Project(id) => {
            wire["project"] = json!(id);
            "project"
        }
    };
    wire["about"] = json!(about);
    wire
}

fn ask_duckdb(python: &std::ffi::OsStr, scene: &Scene, questions: &Value) -> Value {
    let mut child = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(scene.lake())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(questions.to_string().as_bytes()).unwrap();
    drop(stdin);
    let told = child.wait_with_output().unwrap();
    let trouble = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{trouble}");
    serde_json::from_slice(&told.stdout).unwrap()
}

/// Asks again and again until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < deadline, "it does not come about: {what}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// The place in the log that reports are as of.
async fn shown(ada: &Session) -> Option<i64> {
    let answer = ada.get("/analytics/tasks/distribution").await;
    let is_there = answer.status() == 200;
    is_there.then(|| {
        answer.data()["as_of"].as_str().unwrap()[1..]
            .parse()
            .unwrap()
    })
}
