//! Whether a value is what a schema of the document says: the part of JSON Schema that the document uses.

use serde_json::Value;

/// The document's schemas, which schemas refer to.
pub(super) struct Schemas<'a>(pub(super) &'a Value);

impl Schemas<'_> {
    /// What is wrong with the value, with paths.
    pub(super) fn check(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
        let schema = self.resolve(schema);
        for (word, all) in [("oneOf", false), ("anyOf", false), ("allOf", true)] {
            if let Some(choices) = schema[word].as_array() {
                let fits = |choice: &&Value| {
                    let mut errors = Vec::new();
                    self.check(choice, value, path, &mut errors);
                    errors.is_empty()
                };
                let fitting = choices.iter().filter(fits).count();
                let good = if all {
                    fitting == choices.len()
                } else {
                    fitting > 0
                };
                if !good {
                    wrong.push(format!("{path}: {value} fits {fitting} of {word}"));
                }
            }
        }
        if !has_type(&schema["type"], value) {
            wrong.push(format!("{path}: {value} is not of type {}", schema["type"]));
            return;
        }
        if let Some(words) = schema["enum"].as_array()
            && !words.contains(value)
        {
            wrong.push(format!("{path}: {value} is none of {words:?}"));
        }
        self.check_parts(schema, value, path, wrong);
    }

    fn check_parts(&self, schema: &Value, value: &Value, path: &str, wrong: &mut Vec<String>) {
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for (at, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{path}[{at}]"), wrong);
            }
        }
        let (Some(known), Some(members)) = (schema["properties"].as_object(), value.as_object())
        else {
            return;
        };
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                wrong.push(format!("{path}: {name} is missing"));
            }
        }
        for (name, value) in members {
            match known.get(name) {
                Some(schema) => self.check(schema, value, &format!("{path}.{name}"), wrong),
                None => wrong.push(format!("{path}.{name} is not described")),
            }
        }
    }

    /// The schema itself, behind references.
    pub(super) fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let mut schema = schema;
        while let Some(name) = schema["$ref"].as_str() {
            schema = self
                .0
                .pointer(&name[1..])
                .unwrap_or_else(|| panic!("{name} leads nowhere"));
        }
        schema
    }
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    match types {
        Value::Null => true,
        Value::Array(types) => types.iter().any(|t| t.as_str().is_some_and(is)),
        one => one.as_str().is_some_and(is),
    }
}
