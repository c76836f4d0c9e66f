//! A view that is made anew beside the one that people see: where it is written, how the two are compared, and how the new
//! one takes the other one's place.
//!
//! Every view that can be made anew has a second table, `app.<view>_shadow`, with the same columns in the same order. What
//! differs is carried over in one transaction: readers, and their statements, never notice, and it costs what differs.

use crate::pipeline::rebuild::{EXAMPLES_MAX, Found};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// Which of the two tables of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The one that is read.
    #[default]
    Live,
    /// The one where the view is made anew.
    Shadow,
}

/// A view in Postgres that can be made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The activity.
    Activity,
    /// The notifications.
    Notifications,
}

/// A part of a view that is compared at once, so that no statement takes long: which, of how many.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// Which, from 0.
    pub nth: u64,
    /// Of how many.
    pub of: u64,
}

/// Records of the log for each slice: some tens of thousands of rows.
const RECORDS_PER_SLICE: u64 = 50_000;

impl Slice {
    /// The slices of a view that has seen so much of the log.
    pub fn all(cut: u64) -> impl Iterator<Item = Self> {
        let of = cut / RECORDS_PER_SLICE + 1;
        (0..of).map(move |nth| Self { nth, of })
    }

    /// The first and the last of its keys, where keys are places in the log.
    fn seqs(self) -> (i64, i64) {
        let bound = |records: u64| i64::try_from(records).unwrap_or(i64::MAX);
        let last = if self.nth + 1 == self.of {
            i64::MAX
        } else {
            bound((self.nth + 1) * RECORDS_PER_SLICE) - 1
        };
        (bound(self.nth * RECORDS_PER_SLICE), last)
    }

    /// The first and the last of its keys, where keys are hashes.
    fn ids(self) -> (Uuid, Uuid) {
        let step = u128::MAX / u128::from(self.of);
        let last = if self.nth + 1 == self.of {
            u128::MAX
        } else {
            step * u128::from(self.nth + 1) - 1
        };
        (
            Uuid::from_u128(step * u128::from(self.nth)),
            Uuid::from_u128(last),
        )
    }
}

/// Counts what is and what differs in a slice, and takes the first examples.
macro_rules! compared {
    ($live:literal, $shadow:literal, $key:literal, $pool:expr, $bounds:expr, $found:expr) => {{
        let (first, last) = $bounds;
        let counts = sqlx::query!(
            r#"select count(l."#
                + $key
                + r#") as "live!", count(s."#
                + $key
                + r#") as "rebuilt!",
                      count(*) filter (where s."#
                + $key
                + r#" is null) as "only_live!",
                      count(*) filter (where l."#
                + $key
                + r#" is null) as "only_rebuilt!",
                      count(*) filter (where l::text <> s::text) as "changed!"
               from (select * from "#
                + $live
                + r#" where "#
                + $key
                + r#" between $1 and $2) l
               full join (select * from "#
                + $shadow
                + r#" where "#
                + $key
                + r#" between $1 and $2) s
                 on s."#
                + $key
                + r#" = l."#
                + $key,
            first,
            last,
        )
        .fetch_one($pool)
        .await?;
        let number = |count: i64| u64::try_from(count).unwrap_or(0);
        $found.live += number(counts.live);
        $found.rebuilt += number(counts.rebuilt);
        let differences = counts.only_live + counts.only_rebuilt + counts.changed;
        if differences > 0 {
            let examples = sqlx::query!(
                r#"select coalesce(l."#
                    + $key
                    + r#", s."#
                    + $key
                    + r#")::text as "key!",
                          case when l."#
                    + $key
                    + r#" is not null then row_to_json(l)::text end as live,
                          case when s."#
                    + $key
                    + r#" is not null then row_to_json(s)::text end as rebuilt
                   from (select * from "#
                    + $live
                    + r#" where "#
                    + $key
                    + r#" between $1 and $2) l
                   full join (select * from "#
                    + $shadow
                    + r#" where "#
                    + $key
                    + r#" between $1 and $2) s
                     on s."#
                    + $key
                    + r#" = l."#
                    + $key
                    + r#"
                   where l."#
                    + $key
                    + r#" is null or s."#
                    + $key
                    + r#" is null or l::text <> s::text
                   order by 1 limit $3"#,
                first,
                last,
                i64::try_from(EXAMPLES_MAX - $found.examples.len()).unwrap_or(0),
            )
            .fetch_all($pool)
            .await?;
            for example in examples {
                $found.shows(example.key, example.live, example.rebuilt);
            }
        }
        $found.only_live += number(counts.only_live);
        $found.only_rebuilt += number(counts.only_rebuilt);
        $found.changed += number(counts.changed);
    }};
}

/// Has the first table hold what the second does.
macro_rules! carried_over {
    ($live:literal, $shadow:literal, $key:literal, $db:expr) => {{
        sqlx::query!(
            "delete from "
                + $live
                + " l where not exists (
                 select from "
                + $shadow
                + " s where s."
                + $key
                + " = l."
                + $key
                + " and s::text = l::text)"
        )
        .execute(&mut *$db)
        .await?;
        sqlx::query!(
            "insert into "
                + $live
                + " select * from "
                + $shadow
                + " s where not exists (
                 select from "
                + $live
                + " l where l."
                + $key
                + " = s."
                + $key
                + ")"
        )
        .execute($db)
        .await?;
    }};
}

impl Table {
    /// Empties the table where the view is made anew.
    pub async fn empty_shadow(self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Activity => {
                sqlx::query!("delete from app.activity_shadow")
                    .execute(db)
                    .await?
            }
            Self::Notifications => {
                sqlx::query!("delete from app.notification_shadow")
                    .execute(db)
                    .await?
            }
        };
        Ok(())
    }

    /// Compares a slice of the two, row by row and with everything that is in a row. Neither may be written meanwhile.
    pub async fn compare(
        self,
        pool: &PgPool,
        slice: Slice,
        found: &mut Found,
    ) -> Result<(), sqlx::Error> {
        match self {
            Self::Activity => compared!(
                "app.activity",
                "app.activity_shadow",
                "seq",
                pool,
                slice.seqs(),
                found
            ),
            Self::Notifications => compared!(
                "app.notification",
                "app.notification_shadow",
                "id",
                pool,
                slice.ids(),
                found
            ),
        }
        Ok(())
    }

    /// Has people see what was made anew, from the end of the transaction on.
    pub async fn carry_over(self, db: &mut PgConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Activity => carried_over!("app.activity", "app.activity_shadow", "seq", db),
            Self::Notifications => {
                carried_over!("app.notification", "app.notification_shadow", "id", db);
            }
        }
        Ok(())
    }
}
