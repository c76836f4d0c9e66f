//! Pages of lists: keyset cursors, stable while others write.

use crate::StoreError;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use millstream_domain::field::FieldCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Fewest and most items of a page.
pub const LIMIT_MAX: u32 = 100;
/// Items of a page when the client does not say.
pub const LIMIT_DEFAULT: u32 = 50;

/// Which page.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// How many items, 1 to [`LIMIT_MAX`].
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self {
            limit: LIMIT_DEFAULT,
            cursor: None,
        }
    }
}

/// One page.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page goes on; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// The same page of other items.
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(with).collect(),
            next_cursor: self.next_cursor,
        }
    }

    /// A page from one item more than was asked for; the surplus tells that there is more.
    pub(crate) fn of<C: Serialize>(
        mut items: Vec<T>,
        request: &PageRequest,
        cursor: impl Fn(&T) -> C,
    ) -> Self {
        let limit = request.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items
            .last()
            .filter(|_| more)
            .map(|last| encode(&cursor(last)));
        Self { items, next_cursor }
    }
}

impl PageRequest {
    /// The position that the cursor names; `None` for the first page.
    pub(crate) fn after<C: DeserializeOwned>(&self) -> Result<Option<C>, StoreError> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        decode(cursor).map(Some).ok_or_else(not_ours)
    }

    /// How many rows to ask for: one more than the page, to know whether there is a next one.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// The cursor is made up, or broken.
pub(crate) fn not_ours() -> StoreError {
    StoreError::field(
        "cursor",
        FieldCode::Invalid,
        "must be a cursor that this list gave out",
    )
}

/// Refuses what no text in the database can hold and no parameter may.
pub(crate) fn check_q(q: Option<&str>) -> Result<(), StoreError> {
    match q {
        Some(q) if q.contains('\0') => Err(StoreError::field(
            "q",
            FieldCode::Invalid,
            "must not contain the character U+0000",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The cursor of lists by time: the time and the id of the last item.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(from = "(i64, Uuid)", into = "(i64, Uuid)")]
pub(crate) struct ByTime(pub(crate) DateTime<Utc>, pub(crate) Uuid);

impl From<(i64, Uuid)> for ByTime {
    fn from((micros, id): (i64, Uuid)) -> Self {
        // A time that Postgres does not know cannot have come from a list of ours; any other will do as well.
        let micros = micros.clamp(MICROS_MIN, MICROS_MAX);
        Self(
            DateTime::from_timestamp_micros(micros).unwrap_or_default(),
            id,
        )
    }
}

impl From<ByTime> for (i64, Uuid) {
    fn from(ByTime(at, id): ByTime) -> Self {
        (at.timestamp_micros(), id)
    }
}

/// The start of the year 0.
const MICROS_MIN: i64 = -62_167_219_200_000_000;
/// The end of the year 9999.
const MICROS_MAX: i64 = 253_402_300_799_999_999;

/// A cursor as clients get it.
pub(crate) fn encode(cursor: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).expect("cursors are plain data"))
}

fn decode<C: DeserializeOwned>(text: &str) -> Option<C> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
