//! `millstream search`: a search index of its own, the pipeline that keeps it, and the answers to searches. More of them are
//! more replicas: each reads the whole log, under a row of its own.

use super::engine::Ground;
use super::guest::{Guest, Offer};
use crate::config::Settings;
use crate::lifecycle::Group;
use anyhow::{Context, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use millstream_domain::ids::UserId;
use millstream_ingest_api::auth::guard::{KnownPerson, People, PeopleUnavailable};
use millstream_pipelines::dataflows::search;
use millstream_search::{Index, Known};
use millstream_store::schema::Service;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let mut guest = Guest::open(settings, Service::Search).await?;
    let (index, _) = start(&mut guest.ground).await?;
    let offer = Offer {
        view: search::NAME,
        people: Arc::new(PeopleOfIndex(index.clone())),
        search: Some(index),
        analytics: None,
        router: millstream_ingest_api::search_service,
    };
    guest.run(settings, offer).await
}

/// Opens the index and starts its pipeline; both, and what the pipeline's row is called.
pub(crate) async fn start(ground: &mut Ground) -> Result<(Index, String)> {
    let index = open_index(ground.data().folder("search")?).await?;
    let mut pipelines = Group::new("search");
    let row = ground.parts().search(&mut pipelines, index.clone());
    ground.then(pipelines);
    Ok((index, row))
}

/// Opens the search index, which reads files.
async fn open_index(folder: PathBuf) -> Result<Index> {
    let named = format!("the search index \"{}\"", folder.display());
    tokio::task::spawn_blocking(move || Index::open(&folder))
        .await?
        .context(named)
}

/// People as the index knows them.
#[derive(Debug)]
struct PeopleOfIndex(Index);

impl People for PeopleOfIndex {
    fn person(&self, id: UserId) -> BoxFuture<'_, Result<Option<KnownPerson>, PeopleUnavailable>> {
        let index = self.0.clone();
        let asked = tokio::task::spawn_blocking(move || index.person(id));
        async {
            let away = |error| PeopleUnavailable(error);
            let known = asked.await.map_err(|error| away(error.into()))?;
            let known = known.map_err(|error| away(error.into()))?;
            Ok(known.map(shown))
        }
        .boxed()
    }
}

fn shown(known: Known) -> KnownPerson {
    KnownPerson {
        person: known.person,
        time_zone: known.time_zone,
        active: known.active,
    }
}
