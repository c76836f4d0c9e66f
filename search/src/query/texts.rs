//! Words, phrases and beginnings as queries of Tantivy, and what a hit in each is worth.

use super::{Boxed, Compiler, Scope, one_of};
use crate::typo;
use crate::words::{whole, words};
use millstream_domain::query::{Place, TextKind, Texts};
use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, FuzzyTermQuery, PhrasePrefixQuery, PhraseQuery,
    TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

/// Most words of a segment and place that a beginning stands for. A beginning of one or two letters can stand for more;
/// the first ones in the alphabet are found until another letter is typed.
pub const BEGINNING_WORDS_MAX: u32 = 4_096;
/// Words of a query in which a typing error is forgiven, the first ones: each costs a walk through the dictionary of every
/// place, and who pastes a page has not mistyped it.
pub const FORGIVEN_WORDS_MAX: usize = 10;

/// What a hit in each place is worth, as a factor of BM25, or alone where there is no measure.
struct Ranking;

impl Ranking {
    /// The name itself was asked for: before all else.
    const NAME: f32 = 10_000.0;
    /// The name in the tracker that it came from.
    const IMPORTED_FROM: f32 = 5_000.0;
    /// A beginning of either.
    const NAME_BEGINNING: f32 = 0.05;
    /// Below what an exact word is worth, unless nearly every task has it.
    const BEGINNING: f32 = 1e-4;
    /// Below what a beginning is worth.
    const TYPO: f32 = 1e-5;

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

impl Compiler<'_> {
    /// A text in the places it is looked for; `None` where it has no words.
    pub(super) fn texts(&self, texts: &Texts, scope: Scope<'_>) -> Option<Boxed> {
        let found = words(&texts.text);
        let last_is_open = found
            .last()
            .is_some_and(|(_, at)| at.end == texts.text.len());
        let words: Vec<_> = found.into_iter().map(|(word, _)| word).collect();
        if words.is_empty() {
            return None;
        }
        let beginning = texts.kind == TextKind::Prefix && last_is_open;
        let forgiven = self.forgiven(texts.kind, &words, scope);
        let mut queries: Vec<Boxed> = Vec::new();
        for place in scope.places.unwrap_or(EVERYWHERE) {
            let (field, factor) = (self.fields.of_place(*place), Ranking::of(*place));
            queries.push(Box::new(BoostQuery::new(
                next_to_each_other(field, &words),
                factor,
            )));
            if beginning {
                let begins = beginnings(field, &words);
                queries.push(worth(begins, Ranking::BEGINNING * factor));
            }
            if let Some(word) = forgiven {
                let term = Term::from_field_text(field, word);
                let near = Box::new(FuzzyTermQuery::new(term, 1, true));
                queries.push(worth(near, Ranking::TYPO * factor));
            }
        }
        if scope.places.is_none() {
            queries.extend(self.names(&whole(&texts.text), beginning));
        }
        Some(Box::new(BooleanQuery::union(queries)))
    }

    /// The word in which a typing error is forgiven. What is denied is denied as it stands.
    fn forgiven<'w>(
        &self,
        kind: TextKind,
        words: &'w [String],
        scope: Scope<'_>,
    ) -> Option<&'w str> {
        let word = typo::forgiving(kind, words).filter(|_| !scope.denied)?;
        let left = self.forgiven_left.get().checked_sub(1)?;
        self.forgiven_left.set(left);
        Some(word)
    }

    /// The text as a name. Names are found by their beginnings once the number has begun.
    fn names(&self, text: &str, beginning: bool) -> Vec<Boxed> {
        let mut queries: Vec<Boxed> = Vec::new();
        let beginning = beginning && begins_name(text);
        for (field, score) in [
            (self.fields.name, Ranking::NAME),
            (self.fields.imported_from, Ranking::IMPORTED_FROM),
        ] {
            queries.push(worth(one_of([Term::from_field_text(field, text)]), score));
            if beginning {
                let begins = beginnings(field, &[text.to_owned()]);
                queries.push(worth(begins, Ranking::NAME_BEGINNING));
            }
        }
        queries
    }
}

/// Whether a text is enough of a name to stand for all that begin so.
pub(crate) fn begins_name(text: &str) -> bool {
    text.rsplit_once('-')
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A query whose hits are all worth the same.
fn worth(query: Boxed, score: f32) -> Boxed {
    Box::new(ConstScoreQuery::new(query, score))
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
