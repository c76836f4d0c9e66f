//! Everything in one process: what `millstream` runs without a command. It is the sum of the other roles.

use super::doors::Doors;
use super::engine::Engine;
use super::greeting::{Demo, Greeting};
use super::web::{self, Web};
use super::{analytics, http, pipelines, search, workers};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::{demo, open_files, telemetry};
use anyhow::Result;
use millstream_search::Index;
use std::process::ExitCode;

/// Runs until asked to stop.
pub(crate) async fn run(settings: &Settings, with_demo: bool) -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    open_files::raise_limit();
    let doors = Doors::open(settings).await?;
    let data = DataDir::open(&settings.data_dir)?;
    let http = http::of_web(settings, &data, doors.address()?)?;
    let post = workers::post(settings, &http.public_url)?;
    let has_mail_server = post.has_server();
    let mut engine = Engine::open(settings, data).await?;
    let index = start(&mut engine).await?;
    let lake = analytics::start(engine.ground_mut()).await?;
    let demo = if with_demo {
        Some(tell_demo(&engine).await?)
    } else {
        None
    };
    let node = engine.ground().node().to_owned();
    let unheard = engine.ground().between().unheard();
    let mut nodes = web::nodes(&engine, &http)
        .delivering_mails(has_mail_server)
        .telling_of_others(unheard);
    // Before mails are delivered: others hear that this one has a server, and it hears of theirs.
    let warnings = nodes.look().await?;
    let working = workers::start(engine.handle(), node, post, &http.public_url).await?;
    engine.ground_mut().first(working);
    let greeting = Greeting::of(settings, &engine, doors.address()?, warnings).await?;
    let web = Web {
        doors,
        http,
        search: Some(index),
        analytics: Some(lake),
        services: http::services(settings)?,
        metrics,
        nodes,
    };
    let serving = web.serve(&engine).await?;
    greeting.with_demo(demo).print();
    engine.run(serving).await.map(|()| ExitCode::SUCCESS)
}

/// Starts the mover and all pipelines; the search index that one of them keeps.
pub(crate) async fn start(engine: &mut Engine) -> Result<Index> {
    engine.ground_mut().move_writes();
    pipelines::start(engine);
    let (index, row) = search::start(engine.ground_mut()).await?;
    engine.keeps([row]);
    Ok(index)
}

/// Tells the story of the demo, unless somebody works here already.
pub(crate) async fn tell_demo(engine: &Engine) -> Result<Demo> {
    let (store, data) = (engine.ground().store(), engine.ground().data());
    let is_fresh = !store.has_users().await?;
    if is_fresh {
        demo::fill(store, data).await?;
        data.note_whole_demo()?;
    }
    if data.has_whole_demo() {
        return Ok(Demo::There(data.demo_password()?));
    }
    Ok(if data.has_demo() {
        Demo::CutOff
    } else {
        Demo::Refused
    })
}
