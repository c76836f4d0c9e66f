//! The lake that is asked: made once by the code that makes every lake, and kept.

use crate::history::{Teller, VERSION};
use chrono::{DateTime, Utc};
use millstream_analytics_engine::Lake;
use millstream_analytics_engine::lake::Batch;
use millstream_domain::clock::{SystemClock, SystemIds};
use millstream_domain::ids::{ProjectId, TaskId, TeamId, UserId};
use millstream_event_log::{Record, Seq};
use millstream_pipelines::dataflows::lake::{self, LakeChange};
use millstream_pipelines::sink::Effect;
use millstream_pipelines::testing::Naked;
use millstream_sinks::lake::changes;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tokio::task::JoinSet;
use url::Url;

/// Says that a lake is whole, when it ends, and which task has been there for long.
const WHOLE: &str = "whole.json";
/// Events that are told at once.
const TOLD: usize = 10_000;
/// Records between two writes. More than the product gathers (some sixteen thousand), so that the lake is made in minutes; the
/// files come out as they are after the product has put small ones together.
const WRITTEN: u64 = 120_000;

/// A lake, and who is in it.
pub(crate) struct Made {
    pub(crate) lake: Lake,
    pub(crate) folder: PathBuf,
    pub(crate) now: DateTime<Utc>,
    pub(crate) events: Seq,
    pub(crate) task: TaskId,
    pub(crate) admin: UserId,
    pub(crate) member: UserId,
    pub(crate) teams_of_member: Vec<TeamId>,
    pub(crate) team: TeamId,
    pub(crate) project: ProjectId,
}

impl Made {
    pub(crate) fn lake_events(&self) -> Seq {
        self.events
    }
}

/// The lake of so many events.
pub(crate) async fn lake(events: Seq) -> Made {
    let folder = kept().join(format!("v{VERSION}-{events}"));
    let whole = folder.join(WHOLE);
    if !whole.is_file() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let end = make(&folder, events).await;
        fs::write(&whole, serde_json::to_vec(&end).unwrap()).unwrap();
    }
    let end: (DateTime<Utc>, TaskId) = serde_json::from_slice(&fs::read(&whole).unwrap()).unwrap();
    let lake = open(&folder).await;
    assert!(lake.begin(events).await.unwrap(), "the lake is not whole");
    let house = Teller::new(events);
    let member = 5;
    let teams = house.teams.iter();
    let teams = teams.filter(|(_, members)| members.contains(&member));
    Made {
        lake,
        folder,
        events,
        now: end.0,
        task: end.1,
        admin: house.people[0],
        member: house.people[member],
        teams_of_member: teams.map(|(id, _)| *id).collect(),
        team: house.teams[0].0,
        project: house.projects[0].0,
    }
}

/// Beside the programs of this profile.
fn kept() -> PathBuf {
    let ours = std::env::current_exe().unwrap();
    let target = ours.ancestors().nth(2).unwrap();
    target.join("bench-lake")
}

/// Opens the lake in a folder.
pub(crate) async fn open(folder: &Path) -> Lake {
    let root = Url::from_directory_path(folder).unwrap();
    let opened = Lake::open(root, Arc::new(SystemClock), Arc::new(SystemIds)).await;
    opened.unwrap()
}

/// Makes it; when its last event was, and a task from its midst.
async fn make(folder: &Path, events: Seq) -> (DateTime<Utc>, TaskId) {
    println!("making a lake of {events} events in {} …", folder.display());
    let lake = open(folder).await;
    let (mut naked, told) = (Naked::new(&lake::pipeline(), Vec::new()), tell(events));
    let mut writing = JoinSet::new();
    let (mut written, mut end, mut task) = (0, None, None);
    while let Ok(records) = told.recv() {
        let cut = records.last().unwrap().seq;
        end = records.last().map(|record| record.at);
        if cut > events / 2 && task.is_none() {
            let of_task = records.iter().find(|it| *it.kind == *"task.created");
            task = of_task.map(|record| TaskId(record.key));
        }
        let effects = effects(&mut naked, records);
        let changes = changes::of(&lake, &effects).unwrap();
        lake.show(Batch { cut, changes });
        if cut >= written + WRITTEN || cut == events {
            written = cut;
            writing.join_next().await.transpose().unwrap();
            lake.freeze();
            let lake = lake.clone();
            writing.spawn(async move { lake.write().await.unwrap() });
        }
    }
    writing.join_next().await.transpose().unwrap();
    lake.compact().await.unwrap();
    (end.unwrap(), task.unwrap())
}

/// Tells a history, in a thread of its own.
fn tell(events: Seq) -> Receiver<Vec<Record>> {
    let (tell, told) = sync_channel(2);
    std::thread::spawn(move || {
        let mut teller = Teller::new(events);
        loop {
            let records: Vec<_> = teller.by_ref().take(TOLD).collect();
            // Whoever listens has what they want, or has failed.
            if records.is_empty() || tell.send(records).is_err() {
                return;
            }
        }
    });
    told
}

/// What records change in the lake.
pub(crate) fn effects(
    naked: &mut Naked<LakeChange>,
    records: Vec<Record>,
) -> Vec<Effect<LakeChange>> {
    let at = records.last().unwrap().at;
    naked.records(records, at);
    let closed = naked.settle();
    assert!(closed.dead.is_empty(), "{:?}", closed.dead);
    let effects = closed.effects.into_iter();
    let effects = effects.map(|(seq, at, item)| Effect { seq, at, item });
    effects.collect()
}
