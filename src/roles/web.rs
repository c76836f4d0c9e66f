//! `millstream web`: what people and their programs talk to. It writes, and moves what was written into the log; the views
//! that it shows are kept by others.

use super::doors::{Doors, serve};
use super::engine::Engine;
use super::greeting::Greeting;
use super::nodes::Nodes;
use super::{http, needs_database};
use crate::checkpoints::ForReaders;
use crate::config::Settings;
use crate::control::server::AdminSocket;
use crate::data_dir::DataDir;
use crate::lifecycle::Group;
use crate::{open_files, telemetry};
use anyhow::Result;
use metrics_exporter_prometheus::PrometheusHandle;
use millstream_ingest_api::admin::Duty;
use millstream_ingest_api::{AppState, Parts, Services};
use millstream_search::Index;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    needs_database(settings, "web")?;
    let metrics = telemetry::start_metrics()?;
    open_files::raise_limit();
    let doors = Doors::open(settings).await?;
    let data = DataDir::open(&settings.data_dir)?;
    let http = http::of_web(settings, &data, doors.address()?)?;
    let mut engine = Engine::open(settings, data).await?;
    engine.ground_mut().move_writes();
    let mut nodes = nodes(&engine, &http);
    let mut warnings = nodes.look().await?;
    warnings.extend(engine.ground().between().warned());
    let greeting = Greeting::of(settings, &engine, doors.address()?, warnings).await?;
    let web = Web {
        doors,
        http,
        search: None,
        analytics: None,
        services: http::services(settings)?,
        metrics,
        nodes,
    };
    let serving = web.serve(&engine).await?;
    greeting.print();
    engine.run(serving).await.map(|()| ExitCode::SUCCESS)
}

/// What this process says of itself to the others on its database.
pub(crate) fn nodes(engine: &Engine, http: &millstream_ingest_api::Settings) -> Nodes {
    let node = engine.ground().node().to_owned();
    Nodes::new(engine.handle(), node, http.public_url.clone())
}

/// The web, about to be served.
pub(crate) struct Web {
    pub(crate) doors: Doors,
    pub(crate) http: millstream_ingest_api::Settings,
    /// The search index, where this process keeps one.
    pub(crate) search: Option<Index>,
    /// The lake, where this process keeps one.
    pub(crate) analytics: Option<millstream_analytics_engine::Engine>,
    /// The services that run elsewhere.
    pub(crate) services: Services,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) nodes: Nodes,
}

impl Web {
    /// Serves it; what runs for that.
    pub(crate) async fn serve(self, engine: &Engine) -> Result<Group> {
        let handle = engine.handle().clone();
        let state = AppState::new(Parts {
            node: engine.ground().node().to_owned(),
            store: handle.store.clone(),
            log: handle.log.clone(),
            signals: handle.signals.clone(),
            search: self.search,
            analytics: self.analytics,
            redis: engine.ground().between().redis().cloned(),
            cache: engine.ground().between().cache(),
            checkpoints: Arc::new(ForReaders(handle.checkpoints.clone())),
            trust: handle.keys.clone().into(),
            services: self.services,
            settings: self.http,
        });
        let mut serving = Group::new("servers");
        serving.spawn(state.hub().clone().run(state.clone(), serving.stop_token()));
        // Whoever listens before is let go when that begins.
        state.hub().begun().await;
        let app = millstream_ingest_api::router(state.clone());
        serve(&mut serving, self.doors.public, app);
        let operators = millstream_ingest_api::admin(state, self.metrics, Duty::Web);
        serve(&mut serving, self.doors.admin, operators);
        serving.spawn(handle.keys.clone().run(serving.stop_token()));
        serving.spawn(self.nodes.run(serving.stop_token()));
        let socket = AdminSocket::bind(engine.ground().data())?;
        serving.spawn(socket.serve(handle, serving.stop_token()));
        Ok(serving)
    }
}
