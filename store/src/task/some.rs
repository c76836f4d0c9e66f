//! Tasks by their ids.

use super::{Task, load};
use crate::{Store, StoreError};
use millstream_domain::ids::TaskId;
use millstream_domain::policy::Actor;
use uuid::Uuid;

impl Store {
    /// Those of these tasks that the actor sees and that are not in the trash, in the order of the ids.
    pub async fn some_tasks(&self, actor: &Actor, ids: &[TaskId]) -> Result<Vec<Task>, StoreError> {
        let wanted: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
        let mut db = self.pool.acquire().await?;
        let mut tasks = load(&mut db, &wanted).await?;
        let visible = actor.visible_teams();
        tasks
            .retain(|task| visible.includes(task.state.team_id) && task.state.trashed_at.is_none());
        Ok(tasks)
    }
}
