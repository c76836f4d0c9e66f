//! `millstream analytics`: a lake of its own, the pipeline that keeps it, the answers of what asks it, and the files of reports.
//! More of them are more replicas, like those of `search`.

use super::engine::Ground;
use super::guest::{Guest, Offer};
use crate::config::Settings;
use crate::lifecycle::Group;
use crate::sql;
use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_analytics_engine::{Engine, Lake};
use millstream_domain::clock::SystemIds;
use millstream_domain::ids::UserId;
use millstream_ingest_api::auth::guard::{KnownPerson, People, PeopleUnavailable};
use millstream_pipelines::dataflows::lake;
use millstream_sinks::jobs::make_report::MakeReportJob;
use millstream_sinks::jobs::{Handlers, JobRunner};
use millstream_store::schema::Service;
use std::process::ExitCode;
use std::sync::Arc;
use url::Url;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let mut guest = Guest::open(settings, Service::Analytics).await?;
    let engine = start(&mut guest.ground).await?;
    let offer = Offer {
        view: lake::NAME,
        people: Arc::new(PeopleOfLake(engine.clone())),
        search: None,
        analytics: Some(engine),
        router: millstream_ingest_api::analytics_service,
    };
    guest.run(settings, offer).await
}

/// Opens the lake, starts its pipeline, and makes reports of it.
pub(crate) async fn start(ground: &mut Ground) -> Result<Engine> {
    let folder = ground.data().folder("lake")?;
    let named = || format!("the lake \"{}\"", folder.display());
    let root = Url::from_directory_path(&folder).expect("the data folder has a whole path");
    let clock = Arc::clone(ground.store().clock());
    let lake = Lake::open(root, clock, Arc::new(SystemIds))
        .await
        .with_context(named)?;
    let spill = ground.data().folder("spill")?;
    let engine = Engine::new(lake.clone()).and_then(|engine| engine.spilling_to(&spill));
    let engine = sql::offered_by(engine.with_context(named)?);
    let mut pipelines = Group::new("lake");
    let (_, writer) = ground.parts().lake(&mut pipelines, lake);
    ground.then(pipelines);
    // After the pipeline, so that nothing is left to be read again.
    let mut writing = Group::new("files of the lake");
    writing.spawn(writer.run(writing.stop_token()));
    ground.then(writing);
    ground.first(reports(ground, &engine));
    Ok(engine)
}

/// Makes the reports that people order as files: where a lake is, and nowhere else.
fn reports(ground: &Ground, engine: &Engine) -> Group {
    let store = ground.store().clone();
    let handler = MakeReportJob::new(store.clone(), ground.log().clone(), engine.clone());
    let handlers = Handlers::default().with(handler);
    let runner = JobRunner::new(store, ground.node(), handlers);
    let mut group = Group::new("reports");
    group.spawn(runner.run(group.stop_token()));
    group
}

/// People as the lake knows them.
#[derive(Debug)]
struct PeopleOfLake(Engine);

impl People for PeopleOfLake {
    fn person(&self, id: UserId) -> BoxFuture<'_, Result<Option<KnownPerson>, PeopleUnavailable>> {
        async move {
            let known = self.0.person(id).await;
            let known = known.map_err(|error| PeopleUnavailable(error.into()))?;
            Ok(known.map(|known| KnownPerson {
                person: known.person,
                time_zone: known.time_zone,
                active: known.active,
            }))
        }
        .boxed()
    }
}
