//! What `search` and `analytics` have in common: services of their own, which hold no key, share no secret, and change
//! nothing. They read the log, and believe what `web` signed.

use super::doors::{Doors, serve};
use super::engine::Ground;
use super::{awaited, greeting, http, needs_database, needs_public_url};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::lifecycle::Group;
use crate::{open_files, telemetry};
use anyhow::{Context, Result};
use axum::Router;
use futures::FutureExt;
use futures::future::BoxFuture;
use metrics_exporter_prometheus::PrometheusHandle;
use millstream_analytics_engine::Engine;
use millstream_ingest_api::admin::Duty;
use millstream_ingest_api::auth::guard::{EndedSessions, Guard, People, PublishedKeys};
use millstream_ingest_api::state::{Checkpoints, CheckpointsUnavailable};
use millstream_ingest_api::{AppState, Parts, Services};
use millstream_search::Index;
use millstream_store::schema::Service;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How long the start waits to hear whom tokens are from; later it is told to the log alone.
const FIRST_LOOK_TIME_MAX: Duration = Duration::from_secs(2);

/// A service about to run.
pub(crate) struct Guest {
    pub(crate) ground: Ground,
    name: &'static str,
    public_url: String,
    jwks_url: String,
    doors: Doors,
    metrics: PrometheusHandle,
}

/// What a service reads and answers.
pub(crate) struct Offer {
    /// The view whose rights count.
    pub(crate) view: &'static str,
    /// Who people are.
    pub(crate) people: Arc<dyn People>,
    /// The search index, if that is what it reads.
    pub(crate) search: Option<Index>,
    /// The lake, if that is.
    pub(crate) analytics: Option<Engine>,
    /// What it answers.
    pub(crate) router: fn(AppState) -> Router,
}

impl Guest {
    /// Takes what it needs; nothing runs yet.
    pub(crate) async fn open(settings: &Settings, service: Service) -> Result<Self> {
        let name = match service {
            Service::Search => "search",
            Service::Analytics => "analytics",
        };
        needs_database(settings, name)?;
        let public_url = needs_public_url(settings, name)?;
        let metrics = telemetry::start_metrics()?;
        open_files::raise_limit();
        let doors = Doors::open(settings).await?;
        let data = DataDir::open(&settings.data_dir)?;
        let ground = Ground::of_reader(settings, data).await?;
        awaited::database(&ground, &doors, service).await?;
        let jwks_url = match &settings.jwks_url {
            Some(url) => url.clone(),
            None => format!("{public_url}/.well-known/jwks.json"),
        };
        Ok(Self {
            ground,
            name,
            public_url,
            jwks_url,
            doors,
            metrics,
        })
    }

    /// Serves until asked to stop.
    pub(crate) async fn run(self, settings: &Settings, offer: Offer) -> Result<ExitCode> {
        let Self { ground, doors, .. } = self;
        let keys = PublishedKeys::at(self.jwks_url, &self.public_url)
            .context("a client for the public keys")?;
        let ended = EndedSessions::of(ground.log().clone(), Arc::clone(ground.store().clock()));
        let mut serving = Group::new("servers");
        serving.spawn(keys.clone().run(serving.stop_token()));
        serving.spawn(ended.clone().run(serving.stop_token()));
        let guard = Guard::new(offer.view, keys.clone(), ended, offer.people);
        let state = AppState::new(Parts {
            node: ground.node().to_owned(),
            store: ground.store().clone(),
            log: ground.log().clone(),
            signals: ground.signals().clone(),
            search: offer.search,
            analytics: offer.analytics,
            redis: ground.between().redis().cloned(),
            cache: ground.between().cache(),
            checkpoints: Arc::new(NoCheckpoints),
            trust: guard.into(),
            services: Services::default(),
            settings: http::of_part(settings, self.public_url)?,
        });
        let places = [
            ("Reached by web at", doors.address()?),
            ("Health and metrics", doors.admin.local_addr()?),
        ];
        // Before anybody is let in: from then on it is asked to stop, too.
        let mut warnings = Vec::from_iter(ground.between().warned());
        let first_look = tokio::time::timeout(FIRST_LOOK_TIME_MAX, keys.odd_issuer()).await;
        warnings.extend(first_look.ok().flatten());
        serve(&mut serving, doors.public, (offer.router)(state.clone()));
        let operators = millstream_ingest_api::admin(state, self.metrics, Duty::Web);
        serve(&mut serving, doors.admin, operators);
        greeting::print_of_part(self.name, &places, &warnings);
        ground.run(serving).await.map(|()| ExitCode::SUCCESS)
    }
}

/// The audit is none of a service's business.
#[derive(Debug)]
struct NoCheckpoints;

impl Checkpoints for NoCheckpoints {
    fn latest(&self) -> BoxFuture<'_, Result<Option<String>, CheckpointsUnavailable>> {
        async { Ok(None) }.boxed()
    }
}
