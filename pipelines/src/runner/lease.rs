//! Holding on to a pipeline: takes the lease, renews it in time, and tells people how the pipeline is.

use super::vitals::Vitals;
use super::{End, LEASE_RETRY};
use crate::sink::{Fault, Generation, Health, Lease};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the lease is renewed: a third of the time it lasts ([`crate::sink::LEASE_TTL`]), so that one lost try does no harm.
const RENEW: Duration = Duration::from_secs(5);

/// Waits for the lease; `None` when told to stop before.
pub(super) async fn acquire(
    lease: &mut impl Lease,
    pipeline: &'static str,
    stop: &CancellationToken,
) -> Result<Option<Generation>, Fault> {
    let mut told = false;
    loop {
        if let Some(generation) = lease.acquire().await? {
            return Ok(Some(generation));
        }
        if !std::mem::replace(&mut told, true) {
            tracing::info!(
                pipeline,
                "the pipeline is run by another process, or was run by a newer version: waiting for it"
            );
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
    mut vitals: watch::Receiver<Vitals>,
    over: &CancellationToken,
) -> End {
    let mut told = false;
    loop {
        // What was not heard is said again at the next turn, so that nobody reads for ever that all is well.
        if !told {
            let health = vitals.borrow_and_update().health();
            told = lease.report(&health).await.is_ok();
        }
        tokio::select! {
            () = over.cancelled() => return End::Stopped,
            () = tokio::time::sleep(RENEW) => match lease.renew().await {
                Ok(()) => {}
                // Not reached is not lost: the fence at the commit decides.
                Err(Fault::Transient(error)) => tracing::warn!(error, "the lease could not be renewed"),
                Err(fault) => return End::of_fault(fault),
            },
            changed = vitals.changed() => {
                if changed.is_err() {
                    return End::Stopped;
                }
                told = false;
            }
        }
    }
}

/// How often somebody whose pipeline has halted looks whether it is to try again.
const RESUME_LOOK: Duration = Duration::from_secs(1);

/// Tells that the pipeline has halted, until told to stop or to try again: again and again, so that people see that somebody
/// still knows of it. The lease runs out meanwhile, and another node may find that what stops this one does not stop it.
pub(super) async fn tell_halted(lease: &mut impl Lease, error: String, stop: &CancellationToken) {
    let halted = Health::Halted(error);
    let mut told_at = None;
    loop {
        if told_at.is_none_or(|at: Instant| at.elapsed() >= RENEW) {
            // Not heard, it is said again soon.
            let told = lease.report(&halted).await;
            told_at = told.is_ok().then(Instant::now);
        }
        // Not heard either, it is asked again.
        if lease.resumed().await.unwrap_or(false) {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(RESUME_LOOK) => {}
            () = stop.cancelled() => return,
        }
    }
}
