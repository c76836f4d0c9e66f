//! `millstream seed`: fills a fresh installation with the demo, and ends. For installations of several processes; a process
//! that is everything in one does the same with `--demo`.

use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::roles::all::tell_demo;
use crate::roles::engine::Engine;
use crate::roles::greeting::{self, Demo};
use crate::terminal;
use anyhow::Result;
use std::process::ExitCode;

/// Tells the demo; exit code 0 when it is there.
pub(crate) async fn run(settings: &Settings) -> Result<ExitCode> {
    let data = DataDir::open(&settings.data_dir)?;
    let mut engine = Engine::open(settings, data).await?;
    engine.ground_mut().move_writes();
    let demo = tell_demo(&engine).await;
    engine.stop().await;
    let demo = demo?;
    terminal::line(&format!("Demo: {}", greeting::told(&demo)));
    Ok(match demo {
        Demo::There(_) => ExitCode::SUCCESS,
        Demo::CutOff | Demo::Refused => ExitCode::from(super::FAILED),
    })
}
