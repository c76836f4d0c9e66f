//! From the query language to a query of Tantivy.
//!
//! A word is looked for in every place, and as a whole among names; a text of several words is looked for as words next
//! to each other in one place. Exact hits come before words that merely begin so, those before words that differ by one
//! typing error, and a name before everything.

mod filters;
mod texts;

pub(crate) use texts::begins_name;
pub use texts::{BEGINNING_WORDS_MAX, FORGIVEN_WORDS_MAX};

use crate::error::SearchError;
use crate::schema::{Fields, KIND_TASK};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use millstream_domain::ids::UserId;
use millstream_domain::policy::Visible;
use millstream_domain::query::{Flag, Node, Place, Query};
use std::cell::Cell;
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, EmptyQuery, Occur, Query as TantivyQuery, TermQuery,
    TermSetQuery,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

/// Alternatives up to which each is asked for by itself; more are gathered first.
const TERMS_APART_MAX: usize = 16;

type Boxed = Box<dyn TantivyQuery>;

/// Who asks, when, and of which snapshot.
pub(crate) struct Compiler<'a> {
    pub(crate) searcher: &'a Searcher,
    pub(crate) fields: &'a Fields,
    pub(crate) caller: UserId,
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: Tz,
    /// Words in which a typing error can still be forgiven.
    forgiven_left: Cell<usize>,
}

/// Where a condition stands in the query.
#[derive(Debug, Clone, Copy, Default)]
struct Scope<'q> {
    /// Where texts are looked for; everywhere if it was not said.
    places: Option<&'q [Place]>,
    /// Whether it stands behind a minus, however many there are.
    denied: bool,
}

impl Scope<'_> {
    fn denied(self) -> Self {
        Self {
            denied: true,
            ..self
        }
    }
}

impl<'a> Compiler<'a> {
    /// One for this caller, snapshot and time.
    pub(crate) fn new(
        searcher: &'a Searcher,
        fields: &'a Fields,
        caller: UserId,
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        Self {
            searcher,
            fields,
            caller,
            now,
            zone,
            forgiven_left: Cell::new(FORGIVEN_WORDS_MAX),
        }
    }

    /// The tasks that the query asks for among those of these teams. What is archived or in the trash is found when the
    /// query speaks of it; the trash shows what is in it, archived before or not.
    pub(crate) fn compile(&self, query: &Query, visible: &Visible) -> Result<Boxed, SearchError> {
        let wanted = match query.root() {
            None => everything(),
            // A query of nothing but punctuation finds nothing.
            Some(root) => self
                .node(root, Scope::default())?
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
        let in_trash = query.mentions(Flag::Trashed);
        if !in_trash {
            clauses.push((Occur::MustNot, self.trashed()));
        }
        if !in_trash && !query.mentions(Flag::Archived) {
            clauses.push((Occur::MustNot, self.archived()));
        }
        Ok(Box::new(BooleanQuery::new(clauses)))
    }

    /// A condition; `None` where it says nothing, as a word does that is all punctuation.
    fn node(&self, node: &Node, scope: Scope<'_>) -> Result<Option<Boxed>, SearchError> {
        Ok(match node {
            Node::All(nodes) => {
                let mut clauses = Vec::new();
                for node in nodes {
                    let (occur, node, scope) = match node {
                        Node::Not(node) => (Occur::MustNot, &**node, scope.denied()),
                        node => (Occur::Must, node, scope),
                    };
                    clauses.extend(self.node(node, scope)?.map(|query| (occur, query)));
                }
                all_of(clauses)
            }
            Node::Any(nodes) => {
                let mut queries = Vec::new();
                for node in nodes {
                    queries.extend(self.node(node, scope)?);
                }
                (!queries.is_empty()).then(|| Box::new(BooleanQuery::union(queries)) as Boxed)
            }
            Node::Not(node) => {
                let denied = self
                    .node(node, scope.denied())?
                    .map(|query| (Occur::MustNot, query));
                all_of(denied.into_iter().collect())
            }
            Node::Within(places, node) => {
                let places = Some(&**places);
                self.node(node, Scope { places, ..scope })?
            }
            Node::Text(texts) => self.texts(texts, scope),
            Node::Filter(filter) => Some(unscored(self.filter(filter)?)),
        })
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
