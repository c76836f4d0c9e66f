//! `millstream rebuild`: makes views anew from the event log. The process that keeps a view does it; we ask for it, and show
//! how far it is.

use super::Request;
use crate::control::message::Report;
use crate::roles::engine::Handle;
use crate::usage::Usage;
use anyhow::{Result, bail};
use clap::Args;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use millstream_store::pipeline::rebuild::{AskRebuild, Found, Rebuild, RebuildState, refusal};
use millstream_store::pipeline::view;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::Instant;

/// How often we look how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long the pipeline is given to have a row: it has none before its first start.
const START_TIME_MAX: Duration = Duration::from_secs(10);
/// How long a rebuild that nobody begins is waited for: whoever keeps the view looks every second.
const BEGIN_TIME_MAX: Duration = Duration::from_secs(30);

/// What to make anew.
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    /// The view: search, activity or notifications. Every node has a search index of its own; `search@<node>` names one.
    view: String,
    /// Say what differs, and change nothing.
    #[arg(long)]
    compare_only: bool,
}

/// What to make anew, on its way to who does it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RebuildRequest {
    view: String,
    compare_only: bool,
}

/// The request of a command line.
pub(crate) fn request(args: RebuildArgs) -> Request {
    let RebuildArgs { view, compare_only } = args;
    Request::Rebuild(RebuildRequest { view, compare_only })
}

/// Has it done. Whether it went well.
pub(crate) async fn run(
    handle: &Handle,
    request: &RebuildRequest,
    report: &Report,
) -> Result<bool> {
    if let Some(why) = refusal(&request.view) {
        return Err(Usage::because(format!(
            "\"{}\" cannot be made anew: {why}",
            request.view
        )));
    }
    let mut went_well = true;
    for row in rows(handle, &request.view).await? {
        ask(handle, &row, request.compare_only).await?;
        let ended = follow(handle, &row, report).await?;
        went_well &= tell(&row, &ended, report).await?;
    }
    Ok(went_well)
}

/// The pipelines that keep the view: several nodes may keep one each.
async fn rows(handle: &Handle, wanted: &str) -> Result<Vec<String>> {
    let started = Instant::now();
    loop {
        let pipelines = handle.store.pipelines().await?;
        let rows = pipelines.into_iter().filter(|row| {
            row.name == wanted || (view(&row.name) == wanted && row.state != "stopped")
        });
        let rows: Vec<_> = rows.map(|row| row.name).collect();
        if !rows.is_empty() {
            return Ok(rows);
        }
        if started.elapsed() > START_TIME_MAX {
            bail!("nobody keeps the view \"{wanted}\"");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn ask(handle: &Handle, row: &str, compare_only: bool) -> Result<()> {
    let wish = AskRebuild {
        actor: Actor::System,
        pipeline: row.to_owned(),
        compare_only,
    };
    handle.store.write(&Origin::default(), wish).await?;
    Ok(())
}

/// Waits until it is over, and tells how far it is meanwhile.
async fn follow(handle: &Handle, row: &str, report: &Report) -> Result<Rebuild> {
    let started = Instant::now();
    loop {
        let Some(rebuild) = handle.store.rebuild(row).await? else {
            bail!("the wish to make \"{row}\" anew is gone");
        };
        if rebuild.state.has_ended() {
            return Ok(rebuild);
        }
        if rebuild.state == RebuildState::Asked && started.elapsed() > BEGIN_TIME_MAX {
            bail!(
                "nobody has begun to make \"{row}\" anew: its pipeline runs in no process of this version. It is made anew \
                 when one is started"
            );
        }
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let what = format!("{row}: {}", rebuild.state.as_str());
        report.progress(&what, count(rebuild.done), count(rebuild.total));
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Tells what came of it. Whether it went well.
async fn tell(row: &str, ended: &Rebuild, report: &Report) -> Result<bool> {
    let Some(found) = &ended.found else {
        let why = ended.error.as_deref().unwrap_or("it is not known why");
        report
            .line(format!("{row} was not made anew: {why}"))
            .await?;
        return Ok(false);
    };
    for line in lines(row, found, ended.compare_only) {
        report.line(line).await?;
    }
    Ok(!ended.compare_only || found.differences() == 0)
}

fn lines(row: &str, found: &Found, compare_only: bool) -> Vec<String> {
    let done = if compare_only {
        "was compared with what the log gives, and is as it was"
    } else {
        "was made anew"
    };
    let mut lines = vec![format!(
        "{row} {done}: {} entries, {} before; {} differed",
        found.rebuilt,
        found.live,
        found.differences()
    )];
    if found.differences() > 0 {
        lines.push(format!(
            "  missing before: {}; too many before: {}; other before: {}",
            found.only_rebuilt, found.only_live, found.changed
        ));
    }
    if found.refused > 0 {
        lines.push(format!(
            "  records that were refused: {} (see the pipeline's dead letters)",
            found.refused
        ));
    }
    let nothing = "nothing".to_owned();
    for example in &found.examples {
        lines.push(format!(
            "  {}\n    before: {}\n    now:    {}",
            example.key,
            example.live.as_ref().unwrap_or(&nothing),
            example.rebuilt.as_ref().unwrap_or(&nothing)
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use millstream_pipelines::dataflows::{
        activity, audit, lake, mails, notifications, schedules, search, timers,
    };
    use millstream_sinks::mirror::{kafka, redis};
    use millstream_store::pipeline::rebuild::VIEWS;

    #[test]
    fn of_every_pipeline_it_is_said_whether_its_view_is_made_anew() {
        let pipelines = [
            activity::NAME,
            audit::NAME,
            kafka::NAME,
            lake::NAME,
            mails::NAME,
            notifications::NAME,
            redis::NAME,
            schedules::NAME,
            search::NAME,
            timers::NAME,
        ];
        assert_eq!(VIEWS.map(|(name, _)| name), pipelines);
    }
}
