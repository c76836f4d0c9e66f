//! Many changes to a document become one: the newest source of each document that was touched.

use crate::document::{
    COMMENTS_BYTES_MAX, Change, Comment, FORMER_NAMES_MAX, PersonSource, Source, Task, TaskSource,
    key,
};
use crate::error::SearchError;
use millstream_domain::ids::{CommentId, TagId, TaskId, UserId};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Documents that changes have touched, by key; `None` for those that are gone.
pub(crate) struct Fold<L> {
    load: L,
    touched: BTreeMap<String, Option<Source>>,
    renamed: BTreeMap<TagId, String>,
}

/// What became of many changes.
pub(crate) struct Folded {
    /// The documents that changes have touched, by key; `None` for those that are gone.
    pub(crate) touched: BTreeMap<String, Option<Source>>,
    /// Tags that are called otherwise now, on all other documents too: too many to be held here.
    pub(crate) renamed: BTreeMap<TagId, String>,
}

impl<L: Fn(&str) -> Result<Option<Source>, SearchError>> Fold<L> {
    /// Nothing touched yet; `load` reads what is stored under a key.
    pub(crate) fn new(load: L) -> Self {
        Self {
            load,
            touched: BTreeMap::new(),
            renamed: BTreeMap::new(),
        }
    }

    /// What became of all of it.
    pub(crate) fn finish(self) -> Folded {
        Folded {
            touched: self.touched,
            renamed: self.renamed,
        }
    }

    /// The source under a key, as far as it is known by now.
    fn entry(&mut self, key: String) -> Result<&mut Option<Source>, SearchError> {
        Ok(match self.touched.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let mut stored = (self.load)(new.key())?;
                if let Some(source) = &mut stored {
                    source.rename_tags(&self.renamed);
                }
                new.insert(stored)
            }
        })
    }

    /// Applies one more.
    pub(crate) fn apply(&mut self, change: Change) -> Result<(), SearchError> {
        match change {
            Change::PutTask(task, former_name) => {
                put_task(self.entry(key::task(task.id))?, *task, former_name);
            }
            Change::RemoveTask(id) => self.replace(key::task(id), None),
            Change::PutComment(task, comment) => {
                self.task(task, |source| put_comment(&mut source.comments, comment))?;
            }
            Change::RemoveComment(task, id) => {
                self.task(task, |source| remove_comment(&mut source.comments, id))?;
            }
            Change::RenameTag(id, name) => {
                // Only this one: what was put after an earlier renaming is called as it was put.
                let renamed = BTreeMap::from([(id, name)]);
                for source in self.touched.values_mut().flatten() {
                    source.rename_tags(&renamed);
                }
                self.renamed.extend(renamed);
            }
            Change::PutPerson(person) => {
                self.person(person.id, |source| source.person = Some(person))?;
            }
            Change::PutMember(user, team, role) => self.person(user, |source| {
                source.teams.insert(team, role);
            })?,
            Change::RemoveMember(user, team) => self.person(user, |source| {
                source.teams.remove(&team);
            })?,
            Change::PutProject(project) => {
                self.replace(key::project(project.id), Some(Source::Project(project)));
            }
            Change::RemoveProject(id) => self.replace(key::project(id), None),
            Change::PutTeam(team) => self.replace(key::team(team.id), Some(Source::Team(team))),
            Change::RemoveTeam(id) => self.replace(key::team(id), None),
        }
        Ok(())
    }

    fn replace(&mut self, key: String, source: Option<Source>) {
        self.touched.insert(key, source);
    }

    /// Changes a task, if there is one.
    fn task(
        &mut self,
        id: TaskId,
        change: impl FnOnce(&mut TaskSource),
    ) -> Result<(), SearchError> {
        if let Some(Source::Task(source)) = self.entry(key::task(id))? {
            change(source);
        }
        Ok(())
    }

    /// Changes a person, known or not.
    fn person(
        &mut self,
        id: UserId,
        change: impl FnOnce(&mut PersonSource),
    ) -> Result<(), SearchError> {
        let entry = self.entry(key::person(id))?;
        let mut source = match entry.take() {
            Some(Source::Person(source)) => source,
            Some(Source::Task(_) | Source::Project(_) | Source::Team(_)) | None => {
                PersonSource::default()
            }
        };
        change(&mut source);
        *entry = Some(Source::Person(source));
        Ok(())
    }
}

fn put_task(entry: &mut Option<Source>, task: Task, former_name: Option<String>) {
    let (mut former_names, comments) = match entry.take() {
        Some(Source::Task(source)) => (source.former_names, source.comments),
        Some(Source::Person(_) | Source::Project(_) | Source::Team(_)) | None => {
            (Vec::new(), Vec::new())
        }
    };
    former_names.extend(former_name);
    former_names.retain(|name| *name != task.name);
    // The newest of each, and not too many.
    let mut kept: Vec<String> = Vec::new();
    for name in former_names.into_iter().rev() {
        if kept.len() < FORMER_NAMES_MAX && !kept.contains(&name) {
            kept.push(name);
        }
    }
    kept.reverse();
    *entry = Some(Source::Task(Box::new(TaskSource {
        task,
        former_names: kept,
        comments,
    })));
}

fn put_comment(comments: &mut Vec<Comment>, comment: Comment) {
    remove_comment(comments, comment.id);
    let at = comments
        .partition_point(|other| (other.created_at, other.id) < (comment.created_at, comment.id));
    comments.insert(at, comment);
    let mut bytes: usize = comments.iter().map(|comment| comment.body.len()).sum();
    let surplus = comments
        .iter()
        .take_while(|comment| {
            let over = bytes > COMMENTS_BYTES_MAX;
            bytes -= comment.body.len();
            over
        })
        .count();
    comments.drain(..surplus);
}

fn remove_comment(comments: &mut Vec<Comment>, id: CommentId) {
    comments.retain(|comment| comment.id != id);
}
