//! The colours of tags, where tasks that carry them are shown.

use crate::{Store, StoreError};
use millstream_domain::ids::TagId;
use std::collections::BTreeMap;
use uuid::Uuid;

impl Store {
    /// The colours of tags. Nobody is asked: whoever has the id of a tag has it from a task that they see.
    pub async fn tag_colors(&self, tags: &[TagId]) -> Result<BTreeMap<TagId, String>, StoreError> {
        if tags.is_empty() {
            return Ok(BTreeMap::new());
        }
        let ids: Vec<Uuid> = tags.iter().map(|tag| tag.0).collect();
        let rows = sqlx::query!("select id, color from app.tag where id = any($1)", &ids)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (TagId(row.id), row.color))
            .collect())
    }
}
