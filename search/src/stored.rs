//! Reading documents back by their key.

use crate::document::{Source, key};
use crate::error::SearchError;
use crate::schema::Fields;
use crate::words::whole;
use millstream_domain::ids::UserId;
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument, Term};

/// The source of the document with this key.
pub(crate) fn source(
    searcher: &Searcher,
    fields: &Fields,
    key: &str,
) -> Result<Option<Source>, SearchError> {
    match documents(searcher, fields.key, key, 1)?.first() {
        Some(address) => read(searcher, fields, *address).map(Some),
        None => Ok(None),
    }
}

/// The source of the document at a place.
pub(crate) fn read(
    searcher: &Searcher,
    fields: &Fields,
    address: DocAddress,
) -> Result<Source, SearchError> {
    let text = text(searcher, fields, address)?;
    serde_json::from_str(&text).map_err(|error| SearchError::Damaged(Box::new(error)))
}

/// What the document at a place is made of, as it was written.
pub(crate) fn text(
    searcher: &Searcher,
    fields: &Fields,
    address: DocAddress,
) -> Result<String, SearchError> {
    let document: TantivyDocument = searcher.doc(address)?;
    let text = document
        .get_first(fields.source)
        .and_then(|value| value.as_str())
        .unwrap_or_default();
    Ok(text.to_owned())
}

/// Most things that one name can mean: names of teams need not be unique.
const NAMESAKES_MAX: usize = 100;

/// Everything that is called so.
pub(crate) fn called(
    searcher: &Searcher,
    fields: &Fields,
    alias: &str,
) -> Result<Vec<Source>, SearchError> {
    let addresses = documents(searcher, fields.alias, alias, NAMESAKES_MAX)?;
    addresses
        .into_iter()
        .map(|address| read(searcher, fields, address))
        .collect()
}

/// The tasks that are called so, or were.
pub(crate) fn named(
    searcher: &Searcher,
    fields: &Fields,
    name: &str,
) -> Result<Vec<Source>, SearchError> {
    let addresses = documents(searcher, fields.name, &whole(name), NAMESAKES_MAX)?;
    addresses
        .into_iter()
        .map(|address| read(searcher, fields, address))
        .collect()
}

/// Somebody as the index knows them.
pub(crate) fn person(
    searcher: &Searcher,
    fields: &Fields,
    id: UserId,
) -> Result<Option<crate::document::PersonSource>, SearchError> {
    Ok(match source(searcher, fields, &key::person(id))? {
        Some(Source::Person(person)) => Some(person),
        Some(Source::Task(_) | Source::Project(_) | Source::Team(_)) | None => None,
    })
}

/// Looks at every document with this term, one at a time.
pub(crate) fn each(
    searcher: &Searcher,
    fields: &Fields,
    field: Field,
    text: &str,
    mut look: impl FnMut(Source) -> Result<(), SearchError>,
) -> Result<(), SearchError> {
    for address in documents(searcher, field, text, usize::MAX)? {
        look(read(searcher, fields, address)?)?;
    }
    Ok(())
}

/// Where documents with this term stand, at most `max`.
fn documents(
    searcher: &Searcher,
    field: Field,
    text: &str,
    max: usize,
) -> Result<Vec<DocAddress>, SearchError> {
    let term = Term::from_field_text(field, text);
    let mut found = Vec::new();
    for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
        let Some(mut postings) = segment
            .inverted_index(field)?
            .read_postings(&term, IndexRecordOption::Basic)?
        else {
            continue;
        };
        while postings.doc() != TERMINATED && found.len() < max {
            if !segment.is_deleted(postings.doc()) {
                found.push(DocAddress::new(ordinal, postings.doc()));
            }
            postings.advance();
        }
    }
    Ok(found)
}
