//! When somebody was last here. A visit is a run of pages without a long pause; what happened since the one before is what
//! the first page shows as new.
//!
//! Kept by person and not by session: who reads on the phone in the morning has seen it at the desk too.

use crate::session::Visitor;
use crate::{Store, StoreError};
use chrono::TimeDelta;

/// How often it is written down at most: it comes with every page.
const NOTED_EVERY: TimeDelta = TimeDelta::minutes(5);
/// The pause after which somebody comes back: a visit of its own.
const PAUSE: TimeDelta = TimeDelta::minutes(30);

impl Store {
    /// Notes that somebody looks at a page, if that was not noted just now; what they know of their visits then.
    pub async fn note_visit(&self, visitor: &mut Visitor) -> Result<(), StoreError> {
        let now = self.clock.now();
        if visitor.seen_at.is_some_and(|at| now - at < NOTED_EVERY) {
            return Ok(());
        }
        // Where two pages come at once, the second finds the time of the first, and no pause.
        let noted = sqlx::query!(
            r#"
            insert into app.last_seen as l (user_id, seen_at) values ($1, $2)
            on conflict (user_id) do update set
                seen_at = greatest(l.seen_at, excluded.seen_at),
                visit_before = case when excluded.seen_at - l.seen_at >= $3 then l.seen_at else l.visit_before end
            returning seen_at, visit_before
            "#,
            visitor.person.id.0,
            now,
            sqlx::postgres::types::PgInterval::try_from(PAUSE).expect("minutes are an interval"),
        )
        .fetch_one(&self.pool)
        .await?;
        visitor.seen_at = Some(noted.seen_at);
        visitor.visit_before = noted.visit_before;
        Ok(())
    }
}
