//! The schedules that Millstream brings along. They are made at the first start, by nobody, and are then like any other: an
//! admin may change, turn off or delete them, and none comes back.

use super::change::{CreateSchedule, ScheduleEdit};
use crate::{Change, Changed, Changing, Store, StoreError};
use millstream_domain::policy::Actor;
use millstream_domain::schedule::{CronExpression, ScheduleName};
use millstream_event_log::Origin;

/// A schedule that Millstream brings along.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name at first.
    pub name: &'static str,
    /// Its times, in UTC.
    pub cron: &'static str,
    /// The kind of its jobs.
    pub kind: &'static str,
    /// Whether it runs before anybody has said so.
    pub enabled: bool,
}

/// All of them.
pub const SHIPPED: &[Shipped] = &[
    // Every zone of the world has its hours at a quarter of one of UTC's.
    Shipped {
        name: "Summary of the day",
        cron: "*/15 * * * *",
        kind: "daily_summary",
        enabled: true,
    },
    Shipped {
        name: "Empty the trash",
        cron: "7 * * * *",
        kind: "empty_trash",
        enabled: true,
    },
    Shipped {
        name: "Remove expired files",
        cron: "37 * * * *",
        kind: "expire_artefacts",
        enabled: true,
    },
    // Off: whoever archives tasks may want them for ever.
    Shipped {
        name: "Throw old archived tasks away",
        cron: "0 3 * * 0",
        kind: "clean_archive",
        enabled: false,
    },
];

/// Makes one that was not made before.
struct Ship(Shipped);

impl Change for Ship {
    type Output = ();

    async fn apply(self, cx: &mut Changing<'_>) -> Result<Changed<()>, StoreError> {
        let shipped = self.0;
        let now = cx.now;
        let fresh = sqlx::query!(
            "insert into app.shipped_schedule (name, shipped_at)
             select $1, $2 where not exists (select from app.schedule where name = $1)
             on conflict do nothing",
            shipped.name,
            now,
        )
        .execute(cx.db())
        .await?;
        if fresh.rows_affected() == 0 {
            return Ok(Changed::nothing(()));
        }
        let create = CreateSchedule {
            actor: Actor::System,
            name: ScheduleName::new(shipped.name).expect("a name of ours is one"),
            kind: shipped.kind.to_owned(),
            edit: ScheduleEdit {
                cron: Some(Some(
                    CronExpression::new(shipped.cron).expect("an expression of ours is one"),
                )),
                enabled: Some(shipped.enabled),
                ..ScheduleEdit::default()
            },
        };
        let made = create.apply(cx).await?;
        Ok(Changed {
            output: (),
            events: made.events,
        })
    }
}

impl Store {
    /// Makes the schedules that Millstream brings along, those that were not made before. Several processes may do so at
    /// once.
    pub async fn ship_schedules(&self) -> Result<(), StoreError> {
        for shipped in SHIPPED {
            self.write(&Origin::default(), Ship(*shipped)).await?;
        }
        Ok(())
    }
}
