//! From the query language to a query of Tantivy.
//!
//! A word is looked for in every place, and as a whole among names; a text of several words is looked for as words next
//! to each other in one place. Exact hits come before words that merely begin so, and a name before everything.
//!
//! *Room left for:* ranking beyond BM25 in [`Ranking`], one typing error per word beside [`Compiler::beginnings`].

use crate::document::{Source, alias, micros, place};
use crate::error::SearchError;
use crate::schema::{Fields, KIND_TASK};
use crate::stored;
use crate::words::{whole, words};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::query::{
    Feature, Filter, Flag, Node, Place, Query, TextKind, Texts, TimeFilter, Who,
};
use millstream_domain::task::{Priority, Status};
use std::ops::Bound;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, ExistsQuery, Occur,
    PhrasePrefixQuery, PhraseQuery, Query as TantivyQuery, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};
use uuid::Uuid;

/// Most words of a segment and place that a beginning stands for. A beginning of one or two letters can stand for more;
/// the first ones in the alphabet are found until another letter is typed.
pub const BEGINNING_WORDS_MAX: u32 = 4_096;
/// Alternatives up to which each is asked for by itself; more are gathered first.
const TERMS_APART_MAX: usize = 16;

/// What a hit in each place is worth, as a factor of BM25, or alone where there is no measure.
struct Ranking;

impl Ranking {
    /// The name itself was asked for: before all else.
    const NAME: f32 = 10_000.0;
    /// The name in the tracker that it came from.
    const IMPORTED_FROM: f32 = 5_000.0;
    /// A beginning of either.
    const NAME_BEGINNING: f32 = 0.05;
    /// Below what any exact word is worth.
    const BEGINNING: f32 = 0.001;

    fn of(place: Place) -> f32 {
        match place {
            Place::Title => 3.0,
            Place::Tags => 2.0,
            Place::Description => 1.0,
            Place::Comments => 0.8,
        }
    }
}

/// The places that texts are looked for in when the query does not say.
const EVERYWHERE: &[Place] = &[
    Place::Title,
    Place::Description,
    Place::Comments,
    Place::Tags,
];

type Boxed = Box<dyn TantivyQuery>;

/// Who asks, when, and of which snapshot.
pub(crate) struct Compiler<'a> {
    pub(crate) searcher: &'a Searcher,
    pub(crate) fields: &'a Fields,
    pub(crate) caller: UserId,
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: Tz,
}

impl Compiler<'_> {
    /// The tasks that the query asks for among those of these teams. What is archived is found when the query speaks of
    /// it.
    pub(crate) fn compile(&self, query: &Query, visible: &Visible) -> Result<Boxed, SearchError> {
        let wanted = match query.root() {
            None => everything(),
            // A query of nothing but punctuation finds nothing.
            Some(root) => self
                .node(root, None)?
                .unwrap_or_else(|| Box::new(EmptyQuery)),
        };
        let mut clauses = vec![
            (Occur::Must, wanted),
            (
                Occur::Must,
                unscored(one_of([Term::from_field_text(self.fields.kind, KIND_TASK)])),
            ),
        ];
        if let Visible::Teams(teams) = visible {
            let teams = teams
                .iter()
                .map(|team| Term::from_field_text(self.fields.team, &team.to_string()));
            clauses.push((Occur::Must, unscored(one_of(teams))));
        }
        if !query.mentions(Flag::Archived) {
            clauses.push((Occur::MustNot, self.archived()));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    /// A condition; `None` where it says nothing, as a word does that is all punctuation.
    fn node(&self, node: &Node, places: Option<&[Place]>) -> Result<Option<Boxed>, SearchError> {
        Ok(match node {
            Node::All(nodes) => {
                let mut clauses = Vec::new();
                for node in nodes {
                    let (occur, node) = match node {
                        Node::Not(node) => (Occur::MustNot, &**node),
                        node => (Occur::Must, node),
                    };
                    clauses.extend(self.node(node, places)?.map(|query| (occur, query)));
                }
                all_of(clauses)
            }
            Node::Any(nodes) => {
                let mut queries = Vec::new();
                for node in nodes {
                    queries.extend(self.node(node, places)?);
                }
                (!queries.is_empty()).then(|| Box::new(BooleanQuery::union(queries)) as Boxed)
            }
            Node::Not(node) => {
                let denied = self
                    .node(node, places)?
                    .map(|query| (Occur::MustNot, query));
                all_of(denied.into_iter().collect())
            }
            Node::Within(places, node) => self.node(node, Some(places))?,
            Node::Text(texts) => self.texts(texts, places),
            Node::Filter(filter) => Some(unscored(self.filter(filter)?)),
        })
    }

    fn texts(&self, texts: &Texts, places: Option<&[Place]>) -> Option<Boxed> {
        let found = words(&texts.text);
        let last_is_open = found
            .last()
            .is_some_and(|(_, at)| at.end == texts.text.len());
        let words: Vec<_> = found.into_iter().map(|(word, _)| word).collect();
        if words.is_empty() {
            return None;
        }
        let beginning = texts.kind == TextKind::Prefix && last_is_open;
        let mut queries: Vec<Boxed> = Vec::new();
        for place in places.unwrap_or(EVERYWHERE) {
            let field = self.fields.of_place(*place);
            queries.push(Box::new(BoostQuery::new(
                next_to_each_other(field, &words),
                Ranking::of(*place),
            )));
            if beginning {
                let score = Ranking::BEGINNING * Ranking::of(*place);
                queries.push(Box::new(ConstScoreQuery::new(
                    Self::beginnings(field, &words),
                    score,
                )));
            }
        }
        if places.is_none() {
            queries.extend(self.names(&whole(&texts.text), beginning));
        }
        Some(Box::new(BooleanQuery::union(queries)))
    }

    /// The text as a name. Names are found by their beginnings once the number has begun.
    fn names(&self, text: &str, beginning: bool) -> Vec<Boxed> {
        let mut queries: Vec<Boxed> = Vec::new();
        let numbered = text
            .rsplit_once('-')
            .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
        for (field, score) in [
            (self.fields.name, Ranking::NAME),
            (self.fields.imported_from, Ranking::IMPORTED_FROM),
        ] {
            let exact = one_of([Term::from_field_text(field, text)]);
            queries.push(Box::new(ConstScoreQuery::new(exact, score)));
            if beginning && numbered {
                let begins = Self::beginnings(field, &[text.to_owned()]);
                queries.push(Box::new(ConstScoreQuery::new(
                    begins,
                    Ranking::NAME_BEGINNING,
                )));
            }
        }
        queries
    }

    /// These words next to each other, of the last of which only the beginning is known.
    fn beginnings(field: Field, words: &[String]) -> Boxed {
        let terms = words
            .iter()
            .map(|word| Term::from_field_text(field, word))
            .collect();
        let mut query = PhrasePrefixQuery::new(terms);
        query.set_max_expansions(BEGINNING_WORDS_MAX);
        Box::new(query)
    }

    fn filter(&self, filter: &Filter) -> Result<Boxed, SearchError> {
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
            Filter::Is(Flag::Archived) => self.archived(),
            Filter::Is(Flag::Overdue) => self.overdue(),
            Filter::Has(Feature::Comment) => {
                let least = Bound::Included(Term::from_field_u64(fields.comments_count, 1));
                Box::new(RangeQuery::new(least, Bound::Unbounded))
            }
            // No task can have one yet.
            Filter::Has(Feature::Attachment) => Box::new(EmptyQuery),
        })
    }

    fn archived(&self) -> Boxed {
        one_of([Term::from_field_bool(self.fields.archived, true)])
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

fn everything() -> Boxed {
    unscored(Box::new(AllQuery))
}

/// A condition that hits either fulfil or not, and that makes none of them better.
fn unscored(query: Boxed) -> Boxed {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

/// All clauses; what is only denied is taken from everything.
fn all_of(mut clauses: Vec<(Occur, Boxed)>) -> Option<Boxed> {
    if clauses.is_empty() {
        return None;
    }
    if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
        clauses.push((Occur::Must, everything()));
    }
    Some(Box::new(BooleanQuery::new(clauses)))
}

/// What has no value in a column.
fn without(column: &str) -> Boxed {
    let exists: Boxed = Box::new(ExistsQuery::new(column.to_owned(), false));
    Box::new(BooleanQuery::new(vec![
        (Occur::Must, everything()),
        (Occur::MustNot, exists),
    ]))
}

/// What has one of these terms.
fn one_of(terms: impl IntoIterator<Item = Term>) -> Boxed {
    let mut terms: Vec<_> = terms.into_iter().collect();
    match terms.len() {
        0 => Box::new(EmptyQuery),
        1 => Box::new(TermQuery::new(terms.remove(0), IndexRecordOption::Basic)),
        2..=TERMS_APART_MAX => {
            let each = terms
                .into_iter()
                .map(|term| Box::new(TermQuery::new(term, IndexRecordOption::Basic)) as Boxed);
            Box::new(BooleanQuery::union(each.collect()))
        }
        _ => Box::new(TermSetQuery::new(terms)),
    }
}

/// These words next to each other in a field.
fn next_to_each_other(field: Field, words: &[String]) -> Boxed {
    let mut terms: Vec<_> = words
        .iter()
        .map(|word| Term::from_field_text(field, word))
        .collect();
    if terms.len() == 1 {
        return Box::new(TermQuery::new(
            terms.remove(0),
            IndexRecordOption::WithFreqs,
        ));
    }
    Box::new(PhraseQuery::new(terms))
}
