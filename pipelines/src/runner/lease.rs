//! Holding on to a pipeline: takes the lease, renews it in time, and tells people how the pipeline is.

use super::{End, LEASE_RETRY};
use crate::sink::{Fault, Generation, Health, Lease};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the lease is renewed: a third of the time it lasts ([`crate::sink::LEASE_TTL`]), so that one lost try does no harm.
const RENEW: Duration = Duration::from_secs(5);

/// Waits for the lease; `None` when told to stop before.
pub(super) async fn acquire(
    lease: &mut impl Lease,
    stop: &CancellationToken,
) -> Result<Option<Generation>, Fault> {
    loop {
        if let Some(generation) = lease.acquire().await? {
            return Ok(Some(generation));
        }
        tokio::select! {
            () = tokio::time::sleep(LEASE_RETRY) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// Renews the lease and reports health until `over`.
pub(super) async fn keep(
    lease: &mut impl Lease,
    mut health: watch::Receiver<Health>,
    over: &CancellationToken,
) -> End {
    lease.report(&Health::Running).await;
    loop {
        tokio::select! {
            () = over.cancelled() => return End::Stopped,
            () = tokio::time::sleep(RENEW) => match lease.renew().await {
                Ok(()) => {}
                // Not reached is not lost: the fence at the commit decides.
                Err(Fault::Transient(error)) => tracing::warn!(error, "the lease could not be renewed"),
                Err(fault) => return End::of_fault(fault),
            },
            changed = health.changed() => {
                if changed.is_err() {
                    return End::Stopped;
                }
                let now = health.borrow_and_update().clone();
                lease.report(&now).await;
            }
        }
    }
}
