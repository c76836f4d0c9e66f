//! A server with two teams that import issues and work on them for seven weeks.
//!
//! The weeks are made: the work is done within a minute, and then the log is spread over the days, every time in it alike. The
//! lake is made again from that.

mod work;

use super::fold::Told;
use super::{shown, until};
use crate::api::Session;
use crate::installation::Installation;
use crate::server::Server;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use millstream_store::testing::TestDatabase;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use work::Work;

/// Rounds of work: a batch, and something that is no part of batches.
const ROUNDS: usize = 80;
/// How long the work took, when it is spread.
const WEEKS: TimeDelta = TimeDelta::weeks(7);
/// What has a time that is spread. Due times stay where they are.
const MOMENTS: [&str; 5] = [
    "created_at",
    "updated_at",
    "completed_at",
    "trashed_at",
    "assigned_at",
];

/// Somebody who asks.
pub(super) struct Person {
    pub(super) id: String,
    pub(super) session: Session,
    pub(super) zone: Tz,
    pub(super) days: u64,
    pub(super) is_admin: bool,
}

/// Everything after the weeks.
pub(super) struct Scene {
    pub(super) people: Vec<Person>,
    pub(super) teams: Vec<String>,
    pub(super) projects: Vec<String>,
    server: Server,
    installation: Installation,
    database: TestDatabase,
}

/// Who there is, where they are, and how many days they look back.
const PEOPLE: [(&str, Tz, u64); 4] = [
    ("ada", Tz::Europe__Berlin, 60),
    ("grace", Tz::Pacific__Kiritimati, 7),
    ("alan", Tz::America__St_Johns, 30),
    ("edsger", Tz::UTC, 1),
];

impl Scene {
    pub(super) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let installation = Installation::on(&database);
        let server = start(&installation).await;
        let mut work = Work::begin(&installation, &server).await;
        work.import(&installation).await;
        for _ in 0..ROUNDS {
            work.batch().await;
            work.single().await;
        }
        // Who leaves a team leaves its tasks.
        let path = format!("/teams/{}/members/{}", work.teams[1], work.ids[2]);
        let left = work.ada.send(Method::DELETE, &path, &json!({})).await;
        left.expect(204);
        assert_eq!(server.stop().await.code(), Some(0));

        let mut scene = Self {
            people: Vec::new(),
            teams: work.teams,
            projects: work.projects,
            server: start_anew(&installation, &database).await,
            installation,
            database,
        };
        for (id, (name, zone, days)) in work.ids.into_iter().zip(PEOPLE) {
            scene.people.push(Person {
                id,
                session: scene.server.api().log_in(name).await,
                zone,
                days,
                is_admin: name == "ada",
            });
        }
        let ada = &scene.people[0].session;
        let head = scene.head().await;
        until("all is in the lake", async || {
            shown(ada).await >= Some(head)
        })
        .await;
        scene
    }

    /// The records as they stand in the log.
    pub(super) async fn log(&self) -> Vec<Told> {
        let sql = "select at, kind, via, data::text from stream.log order by seq";
        let rows: Vec<(DateTime<Utc>, String, String, String)> = sqlx::query_as(sql)
            .fetch_all(self.database.pool())
            .await
            .unwrap();
        let told = rows.into_iter().map(|(at, kind, via, data)| Told {
            at,
            kind,
            via,
            data: serde_json::from_str(&data).unwrap(),
        });
        told.collect()
    }

    async fn head(&self) -> i64 {
        let sql = "select max(seq) from stream.log";
        let head = sqlx::query_scalar(sql).fetch_one(self.database.pool());
        head.await.unwrap()
    }

    /// Waits until all of the log stands in files.
    pub(super) async fn all_in_files(&self) {
        let sql = "select cut from stream.pipeline where split_part(name, '@', 1) = 'lake'";
        until("all is in files", async || {
            let cut = sqlx::query_scalar(sql).fetch_one(self.database.pool());
            let cut: i64 = cut.await.unwrap();
            cut == self.head().await
        })
        .await;
    }

    pub(super) fn lake(&self) -> PathBuf {
        self.installation.data().join("lake")
    }
}

async fn start(installation: &Installation) -> Server {
    let mut command = installation.command::<&str>(&[]);
    command.env("RATE_LIMIT", "off");
    Server::start(command).await
}

/// Spreads the log, and starts a server that has to make the lake of it.
async fn start_anew(installation: &Installation, database: &TestDatabase) -> Server {
    let pool = database.pool();
    // What was overdue was so at its due time, which stays.
    let read =
        "select seq, at, data::text from stream.log where kind <> 'task.overdue' order by seq";
    let rows: Vec<(i64, DateTime<Utc>, String)> =
        sqlx::query_as(read).fetch_all(pool).await.unwrap();
    let first = rows.iter().map(|(_, at, _)| *at).min().unwrap();
    let last = rows.iter().map(|(_, at, _)| *at).max().unwrap();
    let took = (last - first).num_microseconds().unwrap();
    let by = i32::try_from(WEEKS.num_microseconds().unwrap() / took).unwrap();
    let spread = |at: DateTime<Utc>| last - (last - at) * by;
    let (mut seqs, mut ats, mut datas) = (Vec::new(), Vec::new(), Vec::new());
    for (seq, at, data) in rows {
        let mut data = serde_json::from_str(&data).unwrap();
        for_each_moment(&mut data, &spread);
        seqs.push(seq);
        ats.push(spread(at));
        datas.push(data.to_string());
    }
    let write = "update stream.log set at = new.at, data = new.data::json
                 from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as new (seq, at, data)
                 where log.seq = new.seq";
    let write = sqlx::query(write).bind(seqs).bind(ats).bind(datas);
    write.execute(pool).await.unwrap();
    std::fs::remove_dir_all(installation.data().join("lake")).unwrap();
    start(installation).await
}

fn for_each_moment(data: &mut Value, spread: &impl Fn(DateTime<Utc>) -> DateTime<Utc>) {
    match data {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(text) if MOMENTS.contains(&name.as_str()) => {
                        let at = spread(text.parse().unwrap());
                        *value = at.to_rfc3339_opts(SecondsFormat::Micros, true).into();
                    }
                    _ => for_each_moment(value, spread),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| for_each_moment(item, spread)),
        _ => {}
    }
}
