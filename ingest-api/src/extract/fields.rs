//! The members of a JSON object, taken one by one. Whatever is wrong is noted with its path and told at the end; what
//! nobody took is unknown.
//!
//! ```ignore
//! let name = fields.required("name", text(TeamName::new));
//! let description = fields.optional("description", text(Purpose::new));
//! fields.finish(|| Some(NewTeam { name: name?, description }))
//! ```

use crate::error::ApiError;
use crate::extract::value::{text, wrong_type};
use millstream_domain::field::{FieldCode, FieldError, Invalid};
use serde_json::{Map, Value};

/// Most wrong fields that one answer lists: a body of a megabyte can hold many.
const ERRORS_MAX: usize = 100;

/// Members that are still to be taken, and what was wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    prefix: String,
    members: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// The members of a body.
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self {
            members,
            ..Self::default()
        }
    }

    fn path(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.prefix)
        }
    }

    /// Notes that a field is wrong.
    pub(crate) fn wrong(&mut self, name: &str, invalid: Invalid) {
        let path = self.path(name);
        self.errors.push(invalid.at(path));
    }

    fn noted<T>(&mut self, name: &str, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|invalid| self.wrong(name, invalid)).ok()
    }

    /// A member that must be there. `None` when it is wrong, which is told at the end.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => {
                self.wrong(name, Invalid::new(FieldCode::Required, "must be given"));
                None
            }
            Some(value) => self.noted(name, read(value)),
        }
    }

    /// A member that may be missing or null.
    pub(crate) fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.members.remove(name) {
            None | Some(Value::Null) => None,
            Some(value) => self.noted(name, read(value)),
        }
    }

    /// A member of a patch that always has a value: missing leaves it, null is wrong.
    pub(crate) fn changed<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.members.remove(name) {
            None => None,
            Some(Value::Null) => {
                self.wrong(name, Invalid::new(FieldCode::Required, "must not be null"));
                None
            }
            Some(value) => self.noted(name, read(value)),
        }
    }

    /// A member of a patch that can be cleared: missing leaves it, null clears it.
    #[expect(clippy::option_option, reason = "the three cases of a merge patch")]
    pub(crate) fn clearable<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(Value) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        match self.members.remove(name) {
            None => None,
            Some(Value::Null) => Some(None),
            Some(value) => self.noted(name, read(value)).map(Some),
        }
    }

    /// A text of a patch that may be empty: missing leaves it, null empties it.
    pub(crate) fn emptiable<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.members.remove(name)? {
            Value::Null => self.noted(name, parse("")),
            value => self.noted(name, text(parse)(value)),
        }
    }

    /// A list of values, at most `max`; null is an empty one.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(Value) -> Result<T, Invalid>,
    ) -> Option<Vec<T>> {
        self.each(name, max, |fields, item_name, value| {
            fields.noted(item_name, read(value))
        })
    }

    /// An object that must be there, read field by field.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Option<T> {
        let members = self.required(name, super::value::object)?;
        let mut item = Fields {
            prefix: self.path(name),
            members,
            errors: Vec::new(),
        };
        let read = read(&mut item);
        item.note_unknown();
        self.errors.append(&mut item.errors);
        read
    }

    /// The same for an object that may be missing or null, which is then an empty one.
    pub(crate) fn object_if_any<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields) -> Option<T>,
    ) -> Option<T> {
        let member = self.members.entry(name).or_insert(Value::Null);
        if member.is_null() {
            *member = Value::Object(Map::new());
        }
        self.object(name, read)
    }

    /// A list of objects, at most `max`, each read field by field; null is an empty one.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Fields) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.each(name, max, |fields, item_name, value| match value {
            Value::Object(members) => {
                let prefix = fields.path(item_name);
                let mut item = Fields {
                    prefix,
                    members,
                    errors: Vec::new(),
                };
                let read = read(&mut item);
                item.note_unknown();
                fields.errors.append(&mut item.errors);
                read
            }
            other => fields.noted(item_name, Err(wrong_type("an object", &other))),
        })
    }

    fn each<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Self, &str, Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match self.members.remove(name)? {
            Value::Null => return Some(Vec::new()),
            Value::Array(items) if items.len() <= max => items,
            Value::Array(items) => {
                let message = format!("must have at most {max} items, has {}", items.len());
                self.wrong(name, Invalid::new(FieldCode::TooLong, message));
                return None;
            }
            other => {
                self.wrong(name, wrong_type("a list", &other));
                return None;
            }
        };
        let read = items
            .into_iter()
            .enumerate()
            .map(|(at, item)| read(self, &format!("{name}[{at}]"), item));
        // Every item is read, whatever is wrong with those before it.
        let read: Vec<Option<T>> = read.collect();
        read.into_iter().collect()
    }

    /// Members that a client may see but not set.
    pub(crate) fn read_only(&mut self, names: &[&str]) {
        for name in names {
            if self.members.remove(*name).is_some() {
                self.wrong(
                    name,
                    Invalid::new(
                        FieldCode::ReadOnly,
                        "is set by the server and cannot be changed",
                    ),
                );
            }
        }
    }

    /// Whether a member is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    fn note_unknown(&mut self) {
        for (name, _) in std::mem::take(&mut self.members) {
            // A name from outside, repeated to its sender: shortened, it can be as long as a body.
            let name: String = name.chars().take(80).collect();
            self.wrong(
                &name,
                Invalid::new(FieldCode::Unknown, "is not a field that this request has"),
            );
        }
    }

    /// What was read, if nothing was wrong. `build` answers `None` only where a field was wrong.
    pub(crate) fn finish<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, ApiError> {
        self.note_unknown();
        if self.errors.is_empty() {
            return Ok(build().expect("a field that could not be read was noted"));
        }
        self.errors.truncate(ERRORS_MAX);
        Err(ApiError::validation(self.errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::value::boolean;
    use serde_json::json;

    fn fields(body: Value) -> Fields {
        match body {
            Value::Object(members) => Fields::new(members),
            other => panic!("{other} is no body"),
        }
    }

    fn told(fields: Fields) -> Vec<(String, FieldCode)> {
        let error = fields.finish(|| Some(())).err();
        error
            .into_iter()
            .flat_map(|e| e.fields)
            .map(|f| (f.field, f.code))
            .collect()
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_path() {
        let mut body = fields(json!({
            "title": 7, "people": [{"id": "x", "boss": 1}, 3, {"id": "y", "more": 1}], "odd": 1, "id": 1,
        }));
        body.required("title", text(|t| Ok(t.to_owned())));
        body.required("key", text(|t| Ok(t.to_owned())));
        body.objects("people", 5, |p| {
            let id = p.required("id", text(|t| Ok(t.to_owned())));
            p.optional("boss", boolean);
            id
        });
        body.read_only(&["id"]);
        let expected = [
            ("title", FieldCode::Invalid),
            ("key", FieldCode::Required),
            ("people[0].boss", FieldCode::Invalid),
            ("people[1]", FieldCode::Invalid),
            ("people[2].more", FieldCode::Unknown),
            ("id", FieldCode::ReadOnly),
            ("odd", FieldCode::Unknown),
        ];
        assert_eq!(told(body), expected.map(|(f, c)| (f.to_owned(), c)));
    }

    #[test]
    fn a_patch_knows_missing_from_null() {
        let mut body = fields(json!({"cleared": null, "set": true}));
        assert_eq!(body.clearable("cleared", boolean), Some(None));
        assert_eq!(body.clearable("set", boolean), Some(Some(true)));
        assert_eq!(body.clearable("missing", boolean), None);
        assert!(told(body).is_empty());
    }

    #[test]
    fn lists_are_bounded() {
        let mut body = fields(json!({"tags": ["a", "b", "c"]}));
        assert!(
            body.list("tags", 2, |item| text(|t| Ok(t.to_owned()))(item))
                .is_none()
        );
        assert_eq!(told(body), [("tags".to_owned(), FieldCode::TooLong)]);
    }
}
