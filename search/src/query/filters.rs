//! Fields of the query language as queries of Tantivy.
//!
//! To add one: an arm in [`Compiler::filter`].

use super::{Boxed, Compiler, everything, one_of};
use crate::document::{Source, alias, micros, place};
use crate::error::SearchError;
use crate::schema::column;
use crate::stored;
use crate::words::whole;
use chrono::{DateTime, Utc};
use millstream_domain::query::{Feature, Filter, Flag, Parent, TimeFilter, Who};
use millstream_domain::task::{Priority, Status};
use std::ops::Bound;
use tantivy::Term;
use tantivy::query::{BooleanQuery, EmptyQuery, ExistsQuery, Occur, RangeQuery};
use tantivy::schema::Field;
use uuid::Uuid;

impl Compiler<'_> {
    /// What fulfils a condition on a field.
    pub(super) fn filter(&self, filter: &Filter) -> Result<Boxed, SearchError> {
        let fields = self.fields;
        let numbers = |field, places: Vec<u64>| {
            one_of(places.into_iter().map(|n| Term::from_field_u64(field, n)))
        };
        Ok(match filter {
            Filter::Status(all) => numbers(
                fields.status,
                all.iter()
                    .map(|status| place(Status::ALL, status))
                    .collect(),
            ),
            Filter::Priority(all) => numbers(
                fields.priority,
                all.iter()
                    .map(|priority| place(Priority::ALL, priority))
                    .collect(),
            ),
            Filter::Assignee(people) => self.people(people, fields.assignee, "assignee")?,
            // Whoever made a task is known, but for tasks that Millstream made itself.
            Filter::CreatedBy(people) => self.people(people, fields.created_by, "")?,
            Filter::Project(names) => self.named(fields.project, names, alias::project)?,
            Filter::Team(names) => self.named(fields.team, names, alias::team)?,
            Filter::Tag(names) => one_of(
                names
                    .iter()
                    .map(|name| Term::from_field_text(fields.tag, &whole(name))),
            ),
            Filter::Due(time) => self.time(fields.due_at, "due_at", *time),
            Filter::Updated(time) => self.time(fields.updated_at, "updated_at", *time),
            Filter::Created(time) => self.time(fields.created_at, "created_at", *time),
            Filter::Parent(parents) => self.parts_of(parents)?,
            Filter::Is(Flag::Archived) => self.archived(),
            Filter::Is(Flag::Trashed) => self.trashed(),
            Filter::Is(Flag::Overdue) => self.overdue(),
            Filter::Has(Feature::Comment) => {
                let least = Bound::Included(Term::from_field_u64(fields.comments_count, 1));
                Box::new(RangeQuery::new(least, Bound::Unbounded))
            }
            // No task can have one yet.
            Filter::Has(Feature::Attachment) => Box::new(EmptyQuery),
        })
    }

    pub(super) fn archived(&self) -> Boxed {
        one_of([Term::from_field_bool(self.fields.archived, true)])
    }

    pub(super) fn trashed(&self) -> Boxed {
        one_of([Term::from_field_bool(self.fields.trashed, true)])
    }

    /// Parts of one of these tasks, or of none.
    fn parts_of(&self, parents: &[Parent]) -> Result<Boxed, SearchError> {
        let (mut terms, mut nothing) = (Vec::new(), false);
        let field = self.fields.parent;
        for parent in parents {
            let name = match parent {
                Parent::Nothing => {
                    nothing = true;
                    continue;
                }
                Parent::Task(name) => name,
            };
            let ids: Vec<Uuid> = if let Ok(id) = Uuid::try_parse(name) {
                vec![id]
            } else {
                let named = stored::named(self.searcher, self.fields, name)?;
                named.iter().filter_map(id).collect()
            };
            let each = ids.iter();
            terms.extend(each.map(|id| Term::from_field_text(field, &id.to_string())));
        }
        let parts = one_of(terms);
        Ok(if nothing {
            Box::new(BooleanQuery::union(vec![parts, without(column::PARENT)]))
        } else {
            parts
        })
    }

    fn overdue(&self) -> Boxed {
        let now = Term::from_field_i64(self.fields.due_at, micros(self.now));
        let done = Term::from_field_u64(self.fields.status, place(Status::ALL, &Status::Done));
        Box::new(BooleanQuery::new(vec![
            (
                Occur::Must,
                Box::new(RangeQuery::new(Bound::Unbounded, Bound::Excluded(now))) as Boxed,
            ),
            (Occur::MustNot, one_of([done])),
        ]))
    }

    fn time(&self, field: Field, column: &str, filter: TimeFilter) -> Boxed {
        let bound = |at: DateTime<Utc>| Term::from_field_i64(field, micros(at));
        match filter.range(self.now, self.zone) {
            None => without(column),
            Some(range) => Box::new(RangeQuery::new(
                range
                    .from
                    .map_or(Bound::Unbounded, |from| Bound::Included(bound(from))),
                range
                    .until
                    .map_or(Bound::Unbounded, |until| Bound::Excluded(bound(until))),
            )),
        }
    }

    /// One of these people in a field; nobody where the column is empty.
    fn people(&self, people: &[Who], field: Field, column: &str) -> Result<Boxed, SearchError> {
        let (mut terms, mut nobody) = (Vec::new(), false);
        for who in people {
            match who {
                Who::Me => terms.push(Term::from_field_text(field, &self.caller.to_string())),
                Who::Nobody => nobody = true,
                Who::Named(name) => terms.extend(self.terms(field, name, alias::person)?),
            }
        }
        let someone = one_of(terms);
        Ok(if nobody && !column.is_empty() {
            Box::new(BooleanQuery::union(vec![someone, without(column)]))
        } else {
            someone
        })
    }

    fn named(
        &self,
        field: Field,
        names: &[String],
        alias: fn(&str) -> String,
    ) -> Result<Boxed, SearchError> {
        let mut terms = Vec::new();
        for name in names {
            terms.extend(self.terms(field, name, alias)?);
        }
        Ok(one_of(terms))
    }

    /// The ids that a name means, or that it is, as terms of a field. A name that means nothing finds nothing, just like
    /// one that means something that the caller may not see.
    fn terms(
        &self,
        field: Field,
        name: &str,
        alias: fn(&str) -> String,
    ) -> Result<Vec<Term>, SearchError> {
        if let Ok(id) = Uuid::try_parse(name) {
            return Ok(vec![Term::from_field_text(field, &id.to_string())]);
        }
        let meant = stored::called(self.searcher, self.fields, &alias(name))?;
        Ok(meant
            .iter()
            .filter_map(id)
            .map(|id| Term::from_field_text(field, &id.to_string()))
            .collect())
    }
}

fn id(source: &Source) -> Option<Uuid> {
    match source {
        Source::Task(task) => Some(task.task.id.0),
        Source::Person(person) => person.person.as_ref().map(|person| person.id.0),
        Source::Project(project) => Some(project.id.0),
        Source::Team(team) => Some(team.id.0),
    }
}

/// What has no value in a column.
fn without(column: &str) -> Boxed {
    let exists: Boxed = Box::new(ExistsQuery::new(column.to_owned(), false));
    Box::new(BooleanQuery::new(vec![
        (Occur::Must, everything()),
        (Occur::MustNot, exists),
    ]))
}
