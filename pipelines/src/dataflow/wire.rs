//! How values that only JSON can carry travel between timely processes.
//!
//! Timely encodes what it exchanges between processes in a format that is not self-describing, which raw JSON, flattened
//! structures and skipped fields do not survive. So what crosses is wrapped: within a process it is moved as it is,
//! between processes it travels as one JSON text.

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For `#[serde(with = "wire")]`: encodes the field as a JSON text.
pub(crate) fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    serde_json::to_string(value)
        .map_err(S::Error::custom)?
        .serialize(to)
}

/// For `#[serde(with = "wire")]`: reads the field from a JSON text.
pub(crate) fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    serde_json::from_str(&text).map_err(D::Error::custom)
}
