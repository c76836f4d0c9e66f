//! What can be said of a schedule, for those that are made and those that are changed.

use crate::api::schema;
use crate::extract::Fields;
use crate::extract::value::{boolean, object, text, whole as whole_number, word};
use millstream_domain::field::{FieldCode, Invalid};
use millstream_domain::schedule::{
    CronExpression, EVERY_S_MAX, EVERY_S_MIN, MISSED_MAX, ScheduleName, checked_every,
};
use millstream_domain::user::TimeZone;
use millstream_store::schedule::{KINDS, ScheduleEdit};
use serde_json::Value;
use std::ops::RangeInclusive;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

/// What is to be different about a schedule.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body, which is read field by field")]
pub(crate) struct SchedulePatch {
    /// Unique.
    #[schema(schema_with = schema::line::<80>, required = false)]
    name: Option<String>,
    /// Minute, hour, day of the month, month, day of the week: `*`, numbers, names, `1-5`, `1,3`, `*/15`, `L`, `5#2`. Takes the
    /// place of `every_s`.
    #[schema(schema_with = cron_or_null, required = false)]
    cron: Option<String>,
    /// Takes the place of `cron`.
    #[schema(schema_with = every_or_null, required = false)]
    every_s: Option<i64>,
    /// Whose wall the times of `cron` are on. One that clocks skip comes at the next moment that exists, one that they show
    /// twice comes once.
    #[schema(schema_with = schema::time_zone, required = false)]
    time_zone: Option<String>,
    #[schema(schema_with = kind, required = false)]
    kind: Option<String>,
    /// What the jobs are given; null is nothing.
    #[schema(value_type = Option<Object>, required = false)]
    args: Option<Value>,
    #[schema(schema_with = schema::queue, required = false)]
    queue: Option<String>,
    #[schema(required = false, nullable = false)]
    enabled: Option<bool>,
    /// `skip` leaves runs out whose time passed while nothing ran, `once` makes up for the last of them, `all` for as many as
    /// `missed_max` says.
    #[schema(schema_with = schema::missed_policy, required = false)]
    missed: Option<String>,
    #[schema(schema_with = missed_max, required = false)]
    missed_max: Option<i64>,
}

pub(super) fn cron_or_null() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .format(Some(utoipa::openapi::schema::SchemaFormat::Custom(
            "cron".to_owned(),
        )))
        .max_length(Some(200))
        .examples(["0 8 * * 1-5"])
        .build()
}

pub(super) fn every_or_null() -> Object {
    whole(EVERY_S_MIN..=EVERY_S_MAX, true)
}

pub(super) fn missed_max() -> Object {
    whole(1..=MISSED_MAX, false)
}

/// A whole number within bounds.
fn whole(bounds: RangeInclusive<u32>, or_null: bool) -> Object {
    let types = [Type::Integer]
        .into_iter()
        .chain(or_null.then_some(Type::Null));
    ObjectBuilder::new()
        .schema_type(types.collect::<SchemaType>())
        .minimum(Some(*bounds.start()))
        .maximum(Some(*bounds.end()))
        .build()
}

/// A kind of job that can be scheduled.
pub(crate) fn kind() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(KINDS.iter().map(|kind| kind.name)))
        .build()
}

/// Reads what is to be different about one.
pub(crate) fn edit(fields: &mut Fields) -> ScheduleEdit {
    ScheduleEdit {
        name: fields.changed("name", text(ScheduleName::new)),
        kind: fields.changed("kind", text(|name| Ok(name.to_owned()))),
        ..times(fields)
    }
}

/// Reads all but its name and kind.
pub(super) fn times(fields: &mut Fields) -> ScheduleEdit {
    let args = fields.clearable("args", object);
    ScheduleEdit {
        cron: fields.clearable("cron", text(CronExpression::new)),
        every_s: fields.clearable("every_s", |value| checked_every(whole_number(&value)?)),
        time_zone: fields.changed("time_zone", text(TimeZone::new)),
        args: args.map(|members| Value::Object(members.unwrap_or_default())),
        queue: fields.changed("queue", word),
        enabled: fields.changed("enabled", boolean),
        missed: fields.changed("missed", word),
        missed_max: fields.changed("missed_max", most),
        ..ScheduleEdit::default()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "all readers have one form")]
fn most(value: Value) -> Result<u32, Invalid> {
    let most = u32::try_from(whole_number(&value)?).ok();
    most.filter(|most| (1..=MISSED_MAX).contains(most))
        .ok_or_else(|| {
            let message = format!("must be 1 to {MISSED_MAX}");
            Invalid::new(FieldCode::OutOfRange, message)
        })
}
