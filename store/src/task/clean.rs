//! Clean-ups that schedules do: the arguments of their jobs, and the step that each consists of.

use super::purge::TRASH_DAYS;
use super::{SetTaskPlace, TaskPlace, TaskRef};
use crate::job::JobArgs;
use crate::{Store, StoreError};
use chrono::TimeDelta;
use millstream_domain::ids::TaskId;
use millstream_domain::policy::Actor;
use millstream_event_log::Origin;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU16;

/// Tasks that one step moves into the trash, each in a transaction of its own.
const MOVED_PER_STEP: i64 = 500;
/// How long an archived task is left alone, unless an admin says otherwise.
const ARCHIVE_DAYS: u16 = 365;

/// Removes for ever what has been in the trash for so many days.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyTrash {
    /// How many.
    #[serde(default = "EmptyTrash::days")]
    pub days: NonZeroU16,
}

impl EmptyTrash {
    fn days() -> NonZeroU16 {
        NonZeroU16::new(TRASH_DAYS).unwrap_or(NonZeroU16::MIN)
    }
}

impl JobArgs for EmptyTrash {
    const KIND: &'static str = "empty_trash";
}

/// Throws archived tasks away that nobody has touched for so many days. From the trash they can be brought back for a while.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CleanArchive {
    /// How many.
    #[serde(default = "CleanArchive::days")]
    pub days: NonZeroU16,
}

impl CleanArchive {
    fn days() -> NonZeroU16 {
        NonZeroU16::new(ARCHIVE_DAYS).unwrap_or(NonZeroU16::MIN)
    }
}

impl JobArgs for CleanArchive {
    const KIND: &'static str = "clean_archive";
}

impl Store {
    /// Throws away some of the archived tasks that were last changed so many days ago; how many, 0 when no more can go.
    pub async fn clean_archive(&self, days: u16) -> Result<usize, StoreError> {
        let before = self.clock.now() - TimeDelta::days(days.into());
        let tasks = sqlx::query!(
            "select id, version from app.task where archived and trashed_at is null and updated_at < $1
             order by updated_at, id limit $2",
            before,
            MOVED_PER_STEP,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut moved = 0;
        for task in tasks {
            let throw_away = SetTaskPlace {
                actor: Actor::System,
                task: TaskRef::Id(TaskId(task.id)),
                // Whoever touches it meanwhile keeps it.
                expected_version: Some(task.version.into()),
                place: TaskPlace::Trash,
            };
            match self.write(&Origin::default(), throw_away).await {
                Ok(_) => moved += 1,
                Err(error @ StoreError::Unavailable(_)) => return Err(error),
                // Another process was faster, or somebody has touched it.
                Err(_) => {}
            }
        }
        Ok(moved)
    }
}
