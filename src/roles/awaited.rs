//! What a service waits for before it can begin: that the database has the schema of this version, and that its role may use
//! it. Both are somebody else's to bring about. What is missing is told at once, and `/health/ready` answers meanwhile.

use super::doors::Doors;
use super::engine::Ground;
use anyhow::{Result, bail};
use millstream_store::schema::{SchemaState, Service};
use millstream_store::{Store, StoreError};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long it may be missing: `migrate`, or whoever else brings it about, may be starting, too.
const TIME_MAX: Duration = Duration::from_mins(5);
/// How often it is looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Waits until the database is as this service needs it.
pub(super) async fn database(ground: &Ground, doors: &Doors, service: Service) -> Result<()> {
    let stop = CancellationToken::new();
    let Doors { public, admin } = doors.again()?;
    let answer = |listener| {
        millstream_ingest_api::serve(listener, millstream_ingest_api::waiting(), stop.clone())
    };
    let waiting = async {
        let waited = wait(ground.store(), service).await;
        stop.cancel();
        waited
    };
    let (waited, of_public, of_admin) = tokio::join!(waiting, answer(public), answer(admin));
    of_public.and(of_admin)?;
    waited
}

async fn wait(store: &Store, service: Service) -> Result<()> {
    let deadline = Instant::now() + TIME_MAX;
    let mut told = BTreeSet::new();
    while let Some(missing) = missing(store, service).await {
        if Instant::now() >= deadline {
            bail!(missing);
        }
        if told.insert(missing.clone()) {
            let wait_s = TIME_MAX.as_secs();
            tracing::warn!(missing, wait_s, "waiting until the database can be used");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// What is missing, and what to do about it.
async fn missing(store: &Store, service: Service) -> Option<String> {
    let mut grants = Vec::new();
    match store.schema_state().await {
        Ok(SchemaState::Current) => {}
        Ok(SchemaState::Behind) => {
            return Some(
                "the database's schema is not up to date: run `millstream migrate`, or start `millstream web`"
                    .to_owned(),
            );
        }
        Err(error) if error.is_denied() => grants.push("select on _sqlx_migrations".to_owned()),
        Err(error) => return Some(unseen(&error)),
    }
    match store.missing_grants(service).await {
        Ok(more) => grants.extend(more),
        Err(error) => return Some(unseen(&error)),
    }
    (!grants.is_empty()).then(|| {
        format!(
            "the role of DATABASE_URL may not do what this service needs; grant it: {} (all of it stands in docs/OPERATIONS.md, \
             \"Roles of the services\")",
            grants.join("; ")
        )
    })
}

fn unseen(error: &StoreError) -> String {
    let why = std::error::Error::source(error).map_or_else(String::new, |why| format!(": {why}"));
    format!(
        "the database's schema cannot be looked at; was it ever made (`millstream migrate`, `millstream web`)? {error}{why}"
    )
}
