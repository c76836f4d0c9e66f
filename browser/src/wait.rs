//! Waiting for something to come about: nothing here knows how long anything takes.

use anyhow::{Result, bail};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long anything may take before it is given up. Far more than it needs, also on a machine that is busy.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Looks again and again until there is something to see, and gives that.
///
/// A look that fails is one that saw nothing: a page that is being left answers with errors. The last error is told when
/// patience ends.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let trouble = match look().await {
            Ok(Some(seen)) => return Ok(seen),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= deadline {
            match trouble {
                Some(error) => return Err(error.context(format!("waited in vain for {what}"))),
                None => bail!("waited in vain for {what}"),
            }
        }
        sleep(LOOK_EVERY).await;
    }
}
