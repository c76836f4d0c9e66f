//! Who is a part of whom, as far as a batch needs to know it: read at once, asked in memory, kept up to date as the batch
//! changes it. Locked by the teams' rows, see [`super::references`].

use super::references::PARENTS_MAX;
use crate::{Changing, StoreError};
use millstream_domain::ids::TaskId;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Tasks with their parents and their parts.
#[derive(Debug, Clone, Default)]
pub(super) struct Family {
    parents: BTreeMap<TaskId, TaskId>,
    parts: BTreeMap<TaskId, BTreeSet<TaskId>>,
}

impl Family {
    /// All above the parents, and all below the parts.
    pub(super) async fn read(
        cx: &mut Changing<'_>,
        parents: &BTreeSet<TaskId>,
        parts: &BTreeSet<TaskId>,
    ) -> Result<Self, StoreError> {
        let mut family = Self::default();
        if parents.is_empty() {
            return Ok(family);
        }
        let parents: Vec<Uuid> = parents.iter().map(|task| task.0).collect();
        let parts: Vec<Uuid> = parts.iter().map(|task| task.0).collect();
        let rows = sqlx::query!(
            r#"
            with recursive line (id, parent_id, depth) as (
                select id, parent_id, 1 from app.task where id = any($1)
                union
                select t.id, t.parent_id, line.depth + 1
                from line join app.task t on t.id = line.parent_id where line.depth < $3
            ), parts (id, parent_id, depth) as (
                select id, parent_id, 1 from app.task where id = any($2)
                union
                select t.id, t.parent_id, parts.depth + 1
                from parts join app.task t on t.parent_id = parts.id where parts.depth < $3
            )
            select id as "id!", parent_id as "parent!" from line where parent_id is not null
            union
            select id, parent_id from parts where parent_id is not null
            "#,
            &parents,
            &parts,
            PARENTS_MAX,
        )
        .fetch_all(cx.db())
        .await?;
        for row in rows {
            family.put(TaskId(row.id), Some(TaskId(row.parent)));
        }
        Ok(family)
    }

    /// A task gets this parent, or none.
    pub(super) fn put(&mut self, task: TaskId, parent: Option<TaskId>) {
        let before = match parent {
            Some(parent) => self.parents.insert(task, parent),
            None => self.parents.remove(&task),
        };
        if let Some(parts) = before.and_then(|before| self.parts.get_mut(&before)) {
            parts.remove(&task);
        }
        if let Some(parent) = parent {
            self.parts.entry(parent).or_default().insert(task);
        }
    }

    /// A task and all above it, as far as tasks may be nested.
    pub(super) fn line(&self, task: TaskId) -> Vec<Uuid> {
        let above = std::iter::successors(Some(task), |task| self.parents.get(task).copied());
        above
            .take(usize::try_from(PARENTS_MAX).unwrap_or(0))
            .map(Uuid::from)
            .collect()
    }

    /// How many levels of parts begin with a task: one, where it has none.
    pub(super) fn height(&self, task: Option<TaskId>) -> usize {
        let mut level: Vec<TaskId> = task.into_iter().collect();
        let mut height = 1;
        // Each level below is deeper than the one before, so the nesting bounds this, too.
        for _ in 1..PARENTS_MAX {
            let parts = level.iter().filter_map(|task| self.parts.get(task));
            level = parts.flatten().copied().collect();
            if level.is_empty() {
                break;
            }
            height += 1;
        }
        height
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_knows_who_is_above_and_how_deep_it_goes() {
        let [a, b, c, d] = [1, 2, 3, 4].map(|n| TaskId(Uuid::from_u128(n)));
        let mut family = Family::default();
        family.put(b, Some(a));
        family.put(c, Some(b));
        family.put(d, Some(a));
        assert_eq!(family.line(c), [c.0, b.0, a.0]);
        let heights = [a, b, c].map(|task| family.height(Some(task)));
        assert_eq!(heights, [3, 2, 1]);
        family.put(c, Some(d));
        family.put(b, None);
        assert_eq!(family.line(c), [c.0, d.0, a.0]);
        assert_eq!(family.height(Some(b)), 1);
        assert_eq!(family.height(None), 1);
    }
}
