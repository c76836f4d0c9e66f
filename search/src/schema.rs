//! The fields of the index, once.
//!
//! To change one: raise [`VERSION`]; every index is then rebuilt at its next start.

use crate::words::{ANALYZER, analyzer};
use millstream_domain::query::Place;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{RAW_TOKENIZER_NAME, TokenizerManager};

/// The version of what is indexed and how words are made: names the folder.
pub(crate) const VERSION: u32 = 4;

/// Names of the columns that are read by name.
pub(crate) mod column {
    pub(crate) const STATUS: &str = "status";
    pub(crate) const PRIORITY: &str = "priority";
    pub(crate) const PROJECT: &str = "project";
    pub(crate) const ASSIGNEE: &str = "assignee";
    pub(crate) const PARENT: &str = "parent";
    pub(crate) const UPDATED_AT: &str = "updated_at";
    pub(crate) const TIE: &str = "tie";
}

/// What a document is: the term of [`Fields::kind`] of those that searches find.
pub(crate) const KIND_TASK: &str = "task";

/// The fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    /// The document's key, such as `task:0191…`: what a change replaces it by.
    pub(crate) key: Field,
    /// [`KIND_TASK`] for what is found; anything else is kept, and not found.
    pub(crate) kind: Field,
    /// What the document was made of, as JSON.
    pub(crate) source: Field,
    /// Names by which people, projects and teams are referred to, such as `project:eng`.
    pub(crate) alias: Field,
    /// The task's name and those that it had, compared as a whole.
    pub(crate) name: Field,
    /// What it was called in the tracker it came from, compared as a whole.
    pub(crate) imported_from: Field,
    pub(crate) title: Field,
    pub(crate) description: Field,
    pub(crate) comments: Field,
    /// The words of the names of its tags.
    pub(crate) tags: Field,
    /// The names of its tags, each compared as a whole.
    pub(crate) tag: Field,
    /// The ids of its tags: what finds the tasks of a tag that is renamed.
    pub(crate) tag_id: Field,
    pub(crate) team: Field,
    pub(crate) project: Field,
    pub(crate) assignee: Field,
    pub(crate) created_by: Field,
    /// The place of the status among all of them.
    pub(crate) status: Field,
    pub(crate) priority: Field,
    pub(crate) archived: Field,
    pub(crate) trashed: Field,
    /// The id of the task that it is a part of.
    pub(crate) parent: Field,
    /// Microseconds since 1970, as are the others.
    pub(crate) due_at: Field,
    pub(crate) updated_at: Field,
    pub(crate) created_at: Field,
    /// How many comments it has.
    pub(crate) comments_count: Field,
    /// Orders what is otherwise equal.
    pub(crate) tie: Field,
}

impl Fields {
    /// The field of a place.
    pub(crate) fn of_place(&self, place: Place) -> Field {
        match place {
            Place::Title => self.title,
            Place::Description => self.description,
            Place::Comments => self.comments,
            Place::Tags => self.tags,
        }
    }
}

/// The schema and its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(ANALYZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let text = TextOptions::default().set_indexing_options(indexing);
    let counted = STRING.set_fast(RAW_TOKENIZER_NAME);
    let time = INDEXED | FAST;
    let fields = Fields {
        key: schema.add_text_field("key", STRING),
        kind: schema.add_text_field("kind", STRING),
        source: schema.add_text_field("source", STORED),
        alias: schema.add_text_field("alias", STRING),
        name: schema.add_text_field("name", STRING),
        imported_from: schema.add_text_field("imported_from", STRING),
        title: schema.add_text_field("title", text.clone()),
        description: schema.add_text_field("description", text.clone()),
        comments: schema.add_text_field("comments", text.clone()),
        tags: schema.add_text_field("tags", text),
        tag: schema.add_text_field("tag", STRING),
        tag_id: schema.add_text_field("tag_id", STRING),
        team: schema.add_text_field("team", STRING),
        project: schema.add_text_field(column::PROJECT, counted.clone()),
        assignee: schema.add_text_field(column::ASSIGNEE, counted.clone()),
        parent: schema.add_text_field(column::PARENT, counted),
        created_by: schema.add_text_field("created_by", STRING),
        status: schema.add_u64_field(column::STATUS, INDEXED | FAST),
        priority: schema.add_u64_field(column::PRIORITY, INDEXED | FAST),
        archived: schema.add_bool_field("archived", INDEXED),
        trashed: schema.add_bool_field("trashed", INDEXED),
        due_at: schema.add_i64_field("due_at", time.clone()),
        updated_at: schema.add_i64_field(column::UPDATED_AT, time.clone()),
        created_at: schema.add_i64_field("created_at", time),
        comments_count: schema.add_u64_field("comments_count", FAST),
        tie: schema.add_u64_field(column::TIE, FAST),
    };
    (schema.build(), fields)
}

/// The analyzers that the schema names.
pub(crate) fn analyzers() -> TokenizerManager {
    let manager = TokenizerManager::default();
    manager.register(ANALYZER, analyzer());
    manager
}
