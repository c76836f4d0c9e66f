//! Parts of the `OpenAPI` document that are the same in many places.

use crate::error::Problem;
use crate::problem::Code;
use millstream_domain::api_token::Scope;
use millstream_domain::job::{JobState, Queue};
use millstream_domain::report::{ReportFormat, ReportGroup, ReportKind, ReportState};
use millstream_domain::schedule::MissedPolicy;
use millstream_domain::tag::NAMED;
use millstream_domain::task::{AssigneeRole, Priority, Status, TAGS_MAX};
use millstream_domain::team::TeamRole;
use millstream_domain::user::{Locale, Role};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::RangeInclusive;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// Every answer that is not a success.
pub(crate) struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut about = "A problem; `error.code` says which:\n\n".to_owned();
        for code in Code::ALL {
            let _ = writeln!(
                about,
                "- `{}` ({}): {}",
                code.as_str(),
                code.status().as_u16(),
                code.title()
            );
        }
        let schema = Ref::from_schema_name(Problem::name());
        let problem = ResponseBuilder::new()
            .description(about)
            .content("application/problem+json", Content::new(Some(schema)))
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(problem))])
    }
}

fn words(words: Vec<&'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(words))
        .build()
}

pub(crate) fn status() -> Object {
    words(Status::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn priority() -> Object {
    words(Priority::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn assignee_role() -> Object {
    words(AssigneeRole::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn team_role() -> Object {
    words(TeamRole::ALL.iter().map(|w| w.as_str()).collect())
}

/// The same, or null.
pub(crate) fn team_role_or_null() -> Object {
    words_or_null(TeamRole::ALL.iter().map(|w| w.as_str()))
}

pub(crate) fn status_or_null() -> Object {
    words_or_null(Status::ALL.iter().map(|w| w.as_str()))
}

pub(crate) fn priority_or_null() -> Object {
    words_or_null(Priority::ALL.iter().map(|w| w.as_str()))
}

pub(crate) fn assignee_role_or_null() -> Object {
    words_or_null(AssigneeRole::ALL.iter().map(|w| w.as_str()))
}

fn words_or_null(words: impl Iterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .enum_values(Some(words.map(Some).chain([None])))
        .build()
}

pub(crate) fn role() -> Object {
    words(Role::ALL.iter().map(|w| w.as_str()).collect())
}

/// What an API token may do.
pub(crate) fn scopes() -> Array {
    ArrayBuilder::new()
        .items(words(Scope::ALL.iter().map(|w| w.as_str()).collect()))
        .min_items(Some(1))
        .max_items(Some(Scope::ALL.len()))
        .build()
}

pub(crate) fn locale() -> Object {
    words(Locale::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn queue() -> Object {
    words(Queue::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn job_state() -> Object {
    words(JobState::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn report_kind() -> Object {
    words(ReportKind::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn report_format() -> Object {
    words(ReportFormat::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn report_state() -> Object {
    words(ReportState::ALL.iter().map(|w| w.as_str()).collect())
}

pub(crate) fn report_group_or_null() -> Object {
    words_or_null(ReportGroup::ALL.iter().map(|w| w.as_str()))
}

/// A whole number within bounds, or null.
pub(crate) fn whole_or_null(bounds: RangeInclusive<u32>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Integer, Type::Null]))
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
        .build()
}

pub(crate) fn missed_policy() -> Object {
    words(MissedPolicy::ALL.iter().map(|w| w.as_str()).collect())
}

/// Any JSON.
pub(crate) fn any() -> RefOr<utoipa::openapi::Schema> {
    serde_json::Value::schema()
}

/// One line of at most so many characters: something to be seen in it, no control characters.
pub(crate) fn line<const CHARS_MAX: usize>() -> Object {
    text_of(&seen_line(""), Some(1), CHARS_MAX, false)
}

/// The pattern of a line in which there is something to be seen, without these characters too.
fn seen_line(without: &str) -> String {
    let any = format!("[^{NOT_IN_LINE}{without}]*");
    format!("^{any}[^{UNSEEN}{NOT_IN_LINE}{without}]{any}$")
}

/// Many lines, at most so many bytes of UTF-8: anything but U+0000, which Postgres cannot keep.
pub(crate) fn block<const BYTES_MAX: usize>() -> Object {
    text_of(BLOCK, None, BYTES_MAX, false)
}

/// The same, or null.
pub(crate) fn block_or_null<const BYTES_MAX: usize>() -> Object {
    text_of(BLOCK, None, BYTES_MAX, true)
}

/// What somebody says: not blank.
pub(crate) fn said() -> Object {
    text_of(r"^[^\x00]*[^\s\x00][^\x00]*$", Some(1), 64 * 1024, false)
}

/// The name of a tag.
pub(crate) fn tag_name() -> Object {
    text_of(&seen_line(","), Some(1), 40, false)
}

/// The colour of a tag, or null.
pub(crate) fn tag_color_or_null() -> Object {
    let pattern = format!("^({}|#[0-9a-fA-F]{{6}})$", NAMED.join("|"));
    text_of(&pattern, None, 20, true)
}

/// The names of tags, or null.
pub(crate) fn tags_or_null() -> Array {
    ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(tag_name())
        .max_items(Some(TAGS_MAX))
        .build()
}

/// An id.
pub(crate) fn id() -> Object {
    formed(KnownFormat::Uuid).build()
}

/// A time.
pub(crate) fn time() -> Object {
    formed(KnownFormat::DateTime).build()
}

fn formed(format: KnownFormat) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(format)))
}

/// An address.
pub(crate) fn email() -> Object {
    formed(KnownFormat::Email)
        .max_length(Some(254))
        .examples(["ada@example.org"])
        .build()
}

/// A name of the IANA time zone database.
pub(crate) fn time_zone() -> Object {
    let format = SchemaFormat::Custom("time-zone".to_owned());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(format))
        .examples(["Europe/Vienna"])
        .build()
}

/// A recurrence rule (RFC 5545), or null.
pub(crate) fn rule_or_null() -> Object {
    let format = SchemaFormat::Custom("rrule".to_owned());
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(format))
        .max_length(Some(500))
        .examples(["FREQ=WEEKLY;BYDAY=MO"])
        .build()
}

/// Characters that a line must not hold: those that control, and those that turn the direction of text.
const NOT_IN_LINE: &str = r"\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069";
/// Those that nobody sees, as far as a pattern can name them (up to U+FFFF).
const UNSEEN: &str = r"\s\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff";
const BLOCK: &str = r"^[^\x00]*$";

fn text_of(pattern: &str, min: Option<usize>, max: usize, or_null: bool) -> Object {
    let types = [Type::String]
        .into_iter()
        .chain(or_null.then_some(Type::Null));
    ObjectBuilder::new()
        .schema_type(types.collect::<SchemaType>())
        .pattern(Some(pattern))
        .min_length(min)
        .max_length(Some(max))
        .build()
}
