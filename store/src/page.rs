//! Pages of lists: keyset cursors, stable while others write.

use crate::StoreError;
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
        Self { limit: LIMIT_DEFAULT, cursor: None }
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
        Page { items: self.items.into_iter().map(with).collect(), next_cursor: self.next_cursor }
    }

    /// A page from one item more than was asked for; the surplus tells that there is more.
    pub(crate) fn of<C: Serialize>(mut items: Vec<T>, request: &PageRequest, cursor: impl Fn(&T) -> C) -> Self {
        let limit = request.limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(|last| encode(&cursor(last)));
        Self { items, next_cursor }
    }
}

impl PageRequest {
    /// The position that the cursor names; `None` for the first page.
    pub(crate) fn after<C: DeserializeOwned>(&self) -> Result<Option<C>, StoreError> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        decode(cursor).map(Some).ok_or_else(|| {
            StoreError::field("cursor", FieldCode::Invalid, "must be a cursor that this list gave out")
        })
    }

    /// How many rows to ask for: one more than the page, to know whether there is a next one.
    pub(crate) fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// The cursor of lists by time: the time and the id of the last item.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct ByTime(pub(crate) DateTime<Utc>, pub(crate) Uuid);

fn encode(cursor: &impl Serialize) -> String {
    let json = serde_json::to_vec(cursor).expect("cursors are plain data");
    json.iter().fold(String::with_capacity(json.len() * 2), |mut text, byte| {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
        text
    })
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn decode<C: DeserializeOwned>(text: &str) -> Option<C> {
    let digits = text.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    let value = |digit: u8| HEX.iter().position(|h| *h == digit).and_then(|v| u8::try_from(v).ok());
    let bytes: Option<Vec<u8>> =
        digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect();
    serde_json::from_slice(&bytes?).ok()
}
