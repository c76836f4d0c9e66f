//! The lists of a task in a batch: who works on it, and its tags, set as a whole or added to and taken from.

use super::super::references::References;
use super::decide::Deciding;
use super::scene::Scene;
use super::{Adjustment, BatchEdit};
use crate::tag::many::created;
use millstream_domain::field::FieldCode;
use millstream_domain::ids::TeamId;
use millstream_domain::task::{ASSIGNEES_MAX, TAGS_MAX, TagName};
use millstream_event_log::events::task::{Assignee, Tag, TaskState};

impl Scene {
    /// Takes people off the task and puts others on it.
    pub(super) fn adjust_people(
        &self,
        by: &Deciding<'_, '_>,
        references: &mut References,
        task: &mut TaskState,
        adjust: &Adjustment,
    ) {
        task.assignees
            .retain(|assignee| !adjust.unassign.contains(&assignee.user_id));
        let members = self.members.get(&task.team_id);
        for spec in &adjust.assign {
            if task.assignees.iter().any(|a| a.user_id == spec.user_id) {
                continue;
            }
            match members.and_then(|members| members.get(&spec.user_id)) {
                None => references.wrong(
                    "assign",
                    FieldCode::NotFound,
                    "must be an active member of the team",
                ),
                Some(username) => task.assignees.push(Assignee {
                    user_id: spec.user_id,
                    username: username.clone(),
                    role: spec.role,
                    assigned_by: by.cx.origin.actor,
                    assigned_at: by.cx.now,
                }),
            }
        }
        if task.assignees.len() > ASSIGNEES_MAX {
            let message = format!("must have at most {ASSIGNEES_MAX} items");
            references.wrong("assignees", FieldCode::TooLong, &message);
        }
    }

    /// Whether the task has room for its tags: asked before any is made.
    pub(super) fn check_tags(
        &self,
        references: &mut References,
        task: &TaskState,
        item: &BatchEdit,
    ) {
        let given = item.edit.tags.as_ref().map(Vec::len);
        let mut tags = task.tags.clone();
        self.untag(&mut tags, task.team_id, &item.adjust.untag);
        let has = |name: &&TagName| {
            let known = self.tags.find(task.team_id, name);
            known.is_some_and(|tag| tags.contains(tag))
        };
        let more = item.adjust.tag.iter().filter(|name| !has(name)).count();
        if more > 0 && given.unwrap_or(tags.len()) + more > TAGS_MAX {
            let message = format!("must have at most {TAGS_MAX} items");
            references.wrong("tags", FieldCode::TooLong, &message);
        }
    }

    /// Gives the task its tags.
    pub(super) fn tag(
        &mut self,
        by: &mut Deciding<'_, '_>,
        task: &mut TaskState,
        item: &BatchEdit,
    ) {
        if let Some(names) = &item.edit.tags {
            task.tags = self.tags_of(by, task.team_id, names);
        }
        self.untag(&mut task.tags, task.team_id, &item.adjust.untag);
        for tag in self.tags_of(by, task.team_id, &item.adjust.tag) {
            if !task.tags.contains(&tag) {
                task.tags.push(tag);
            }
        }
    }

    /// The tags of these names; new ones are made, and said.
    pub(super) fn tags_of(
        &mut self,
        by: &mut Deciding<'_, '_>,
        team: TeamId,
        names: &[TagName],
    ) -> Vec<Tag> {
        let work = &mut *by.work;
        let known = work.made.len();
        let tags = self.tags.find_or_make(by.cx, team, names, &mut work.made);
        let made = work.made.iter().skip(known);
        work.events.extend(made.map(|tag| created(tag).into()));
        tags
    }

    fn untag(&self, tags: &mut Vec<Tag>, team: TeamId, names: &[TagName]) {
        let gone: Vec<_> = names
            .iter()
            .filter_map(|name| self.tags.find(team, name))
            .map(|tag| tag.id)
            .collect();
        tags.retain(|tag| !gone.contains(&tag.id));
    }
}
