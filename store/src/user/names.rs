//! What people are called, many at a time.

use crate::views::activity::Name;
use crate::{Store, StoreError};
use millstream_domain::ids::UserId;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Store {
    /// The names of these people; those of accounts that do not exist are missing.
    pub async fn names(&self, ids: &[UserId]) -> Result<BTreeMap<UserId, Name>, StoreError> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let rows = sqlx::query!(
            "select id, username, display_name from app.user where id = any($1)",
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let named = rows.into_iter().map(|row| {
            let id = UserId(row.id);
            let name = Name {
                id,
                username: row.username,
                display_name: row.display_name,
            };
            (id, name)
        });
        Ok(named.collect())
    }
}
