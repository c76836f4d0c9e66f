//! Waits until the views show what a command has written.

use crate::control::message::Report;
use crate::roles::engine::{Behind, Handle};
use anyhow::Result;
use millstream_event_log::Position;
use std::time::Duration;
use tokio::time::Instant;

/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long views that do not move are waited for. They go on by themselves later.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until every view has seen a write; tells of those that do not get there.
pub(crate) async fn catch_up(handle: &Handle, write: Position, report: &Report) -> Result<()> {
    let mut start = None;
    let (mut last, mut moved_at) = (None, Instant::now());
    loop {
        let behind = handle.behind(write).await?;
        let slowest = behind.as_ref().and_then(Behind::slowest);
        if let Some(behind) = &behind {
            let Some(slowest) = slowest else {
                for name in &behind.halted {
                    let text = format!("the view \"{name}\" has halted and does not show this yet");
                    report.line(text).await?;
                }
                return Ok(());
            };
            let start = *start.get_or_insert(slowest);
            report.progress(
                "bringing the views up to date",
                slowest.saturating_sub(start),
                behind.seq.saturating_sub(start),
            );
        }
        if slowest != last {
            (last, moved_at) = (slowest, Instant::now());
        }
        if moved_at.elapsed() > PATIENCE {
            return report
                .line("the views are late: they will show this by and by")
                .await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
