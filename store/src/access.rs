//! Refusals that the audit should know, and not be flooded with: ten per address and minute are told one by one; the
//! first refusal of that address in a later minute says how many were not.

use crate::{Change, Changed, Changing, StoreError};
use chrono::{DurationRound, TimeDelta};
use millstream_domain::ids::UserId;
use millstream_event_log::events::access::{AccessEvent, RefusedAccess};
use uuid::Uuid;

/// Refusals per address and minute that are told one by one.
pub const TOLD_PER_MINUTE: i32 = 10;

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
        let address = cx.origin.client_ip.clone().unwrap_or_default();
        let minute = cx
            .now
            .duration_trunc(TimeDelta::minutes(1))
            .unwrap_or(cx.now);
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
        let earlier = sqlx::query_scalar!(
            r#"with gone as (delete from app.refusal where address = $1 and minute < $2 returning suppressed)
               select coalesce(sum(suppressed), 0)::bigint as "suppressed!" from gone"#,
            address,
            minute,
        )
        .fetch_one(cx.db())
        .await?;
        Ok(Telling::Told {
            suppressed: u64::try_from(earlier).unwrap_or(0),
        })
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
