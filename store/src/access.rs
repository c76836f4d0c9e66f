//! Refusals that the audit should know, and not be flooded with: ten per address and minute are told one by one; the
//! first refusal of that address in a later minute says how many were not. If there is none, housekeeping says it.

use crate::{Change, Changed, Changing, Store, StoreError};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use millstream_domain::ids::UserId;
use millstream_domain::network::Network;
use millstream_event_log::Origin;
use millstream_event_log::events::access::{AccessEvent, RefusedAccess};
use uuid::Uuid;

/// Refusals per address and minute that are told one by one.
pub const TOLD_PER_MINUTE: i32 = 10;
/// Addresses whose minutes are closed in one round of housekeeping: one transaction each.
const CLOSED_PER_ROUND: i64 = 200;

/// Whether a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Yes, with the number of those before it that were not.
    Told { suppressed: u64 },
    /// No; it was counted.
    Hushed,
}

/// Counts refusals per address.
pub(crate) struct RefusalMeter;

impl RefusalMeter {
    /// Counts one more from the act's address.
    pub(crate) async fn count(cx: &mut Changing<'_>) -> Result<Telling, StoreError> {
        let address = network_of(cx.origin).unwrap_or_default();
        let minute = minute_of(cx.now);
        let told = sqlx::query_scalar!(
            "insert into app.refusal (address, minute, told) values ($1, $2, 1)
             on conflict (address, minute) do update
             set told = least(app.refusal.told + 1, $3 + 1),
                 suppressed = app.refusal.suppressed + case when app.refusal.told >= $3 then 1 else 0 end
             returning told",
            address,
            minute,
            TOLD_PER_MINUTE,
        )
        .fetch_one(cx.db())
        .await?;
        if told > TOLD_PER_MINUTE {
            return Ok(Telling::Hushed);
        }
        let suppressed = close(cx, &address, minute).await?;
        Ok(Telling::Told { suppressed })
    }
}

/// The place on the internet that an act comes from, as limits name it.
pub(crate) fn network_of(origin: &Origin) -> Option<String> {
    let address = origin.client_ip.as_deref()?.parse().ok()?;
    Some(Network::of(address).to_string())
}

fn minute_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

/// Forgets the minutes of an address that are over; how many refusals in them were not told.
async fn close(
    cx: &mut Changing<'_>,
    address: &str,
    before: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let suppressed = sqlx::query_scalar!(
        r#"with gone as (delete from app.refusal where address = $1 and minute < $2 returning suppressed)
           select coalesce(sum(suppressed), 0)::bigint as "suppressed!" from gone"#,
        address,
        before,
    )
    .fetch_one(cx.db())
    .await?;
    Ok(u64::try_from(suppressed).unwrap_or(0))
}

impl Store {
    /// Tells what was suppressed in minutes that are over, and forgets them. How many addresses that were.
    pub(crate) async fn close_refusals(&self) -> Result<u64, StoreError> {
        let before = minute_of(self.clock.now());
        let addresses = sqlx::query_scalar!(
            "select distinct address from app.refusal where minute < $1 limit $2",
            before,
            CLOSED_PER_ROUND,
        )
        .fetch_all(&self.pool)
        .await?;
        let closed = addresses.len() as u64;
        for address in addresses {
            let client_ip = Some(address.clone()).filter(|address| !address.is_empty());
            let origin = Origin {
                client_ip,
                ..Origin::default()
            };
            self.write(&origin, CloseMinutes { address, before })
                .await?;
        }
        Ok(closed)
    }
}

struct CloseMinutes {
    address: String,
    before: DateTime<Utc>,
}

impl Change for CloseMinutes {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let suppressed = close(cx, &self.address, self.before).await?;
        if suppressed == 0 {
            return Ok(Changed::nothing(()));
        }
        let refused = RefusedAccess {
            user_id: None,
            attempted: "more of what was refused before".into(),
            entity: String::new(),
            entity_id: None,
            suppressed,
        };
        Ok(Changed::because((), AccessEvent::Refused(refused)))
    }
}

/// The policy refused something.
#[derive(Debug)]
pub struct RecordRefusal {
    /// Who tried.
    pub user_id: Option<UserId>,
    /// What: method and route.
    pub attempted: String,
    /// On which kind of thing.
    pub entity: String,
    /// On which thing.
    pub entity_id: Option<Uuid>,
}

impl Change for RecordRefusal {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        Ok(match RefusalMeter::count(cx).await? {
            Telling::Hushed => Changed::nothing(()),
            Telling::Told { suppressed } => {
                let Self {
                    user_id,
                    attempted,
                    entity,
                    entity_id,
                } = self;
                let refused = RefusedAccess {
                    user_id,
                    attempted,
                    entity,
                    entity_id,
                    suppressed,
                };
                Changed::because((), AccessEvent::Refused(refused))
            }
        })
    }
}
