//! `millstream pipelines`: everything that follows from what was written and belongs to nobody's request. Several such
//! processes share the work: each pipeline runs on one of them, under a lease.

use super::doors::{listen, serve};
use super::engine::Engine;
use super::greeting;
use super::nodes::Nodes;
use super::{http, needs_database, needs_public_url, views, workers};
use crate::checkpoints::ForReaders;
use crate::config::Settings;
use crate::control::server::AdminSocket;
use crate::data_dir::DataDir;
use crate::lifecycle::Group;
use crate::{open_files, telemetry};
use anyhow::Result;
use millstream_ingest_api::admin::Duty;
use millstream_ingest_api::{AppState, Parts, Services};
use millstream_sinks::audit::checkpointer::Checkpointer;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    needs_database(settings, "pipelines")?;
    let public_url = needs_public_url(settings, "pipelines")?;
    let metrics = telemetry::start_metrics()?;
    open_files::raise_limit();
    let admin = listen(settings.admin_listen).await?;
    let data = DataDir::open(&settings.data_dir)?;
    let post = workers::post(settings, &public_url)?;
    let has_mail_server = post.has_server();
    let mut engine = Engine::open(settings, data).await?;
    engine.ground_mut().move_writes();
    start(&mut engine);
    let node = engine.ground().node().to_owned();
    let handle = engine.handle().clone();
    let mut nodes =
        Nodes::new(&handle, node.clone(), public_url.clone()).delivering_mails(has_mail_server);
    // Before mails are delivered: others hear that this one has a server, and it hears of theirs.
    let mut warnings = nodes.look().await?;
    let working = workers::start(engine.handle(), node.clone(), post, &public_url).await?;
    engine.ground_mut().first(working);
    warnings.extend(engine.ground().between().warned());
    let places = [("Health and metrics", admin.local_addr()?)];

    let state = AppState::new(Parts {
        node,
        store: handle.store.clone(),
        log: handle.log.clone(),
        signals: handle.signals.clone(),
        search: None,
        analytics: None,
        redis: engine.ground().between().redis().cloned(),
        cache: engine.ground().between().cache(),
        checkpoints: Arc::new(ForReaders(handle.checkpoints.clone())),
        trust: handle.keys.clone().into(),
        services: Services::default(),
        settings: http::of_part(settings, public_url)?,
    });
    let mut serving = Group::new("servers");
    let operators = millstream_ingest_api::admin(state, metrics, Duty::Pipelines);
    serve(&mut serving, admin, operators);
    serving.spawn(handle.keys.clone().run(serving.stop_token()));
    serving.spawn(nodes.run(serving.stop_token()));
    let socket = AdminSocket::bind(engine.ground().data())?;
    serving.spawn(socket.serve(handle, serving.stop_token()));
    greeting::print_of_part("the pipelines", &places, &warnings);
    engine.run(serving).await.map(|()| ExitCode::SUCCESS)
}

/// Starts the pipelines that nodes share, and what belongs to them: the audit's checkpoints, and upkeep.
pub(crate) fn start(engine: &mut Engine) {
    let (ground, handle) = (engine.ground(), engine.handle());
    let mut pipelines = Group::new("pipelines");
    let names = views::spawn(&mut pipelines, &ground.parts());
    let mut signing = Group::new("checkpoints");
    let checkpointer = Checkpointer::new(
        ground.database().pool().clone(),
        handle.checkpoints.clone(),
        Arc::clone(&handle.audit_key),
    )
    .of(ground.node());
    signing.spawn(checkpointer.run(signing.stop_token()));
    let mut keeping = Group::new("upkeep");
    keeping.spawn(ground.store().clone().keep_house(keeping.stop_token()));
    ground.database().keep(&mut keeping);
    for group in [pipelines, signing, keeping] {
        engine.ground_mut().then(group);
    }
    engine.keeps(names);
}
