//! Whole lists: what a form offers to choose from is not shown page by page.

use crate::error::ApiError;
use millstream_store::page::LIMIT_MAX;
use millstream_store::{Page, PageRequest, StoreError};
use std::future::Future;

/// Pages of a list that are read for one page of ours: what holds more is not for choosing from, and takes too long to make.
const PAGES_MAX: usize = 5;

/// As many items of a list as a page shows at most.
pub(crate) fn longest() -> PageRequest {
    PageRequest {
        limit: LIMIT_MAX,
        cursor: None,
    }
}

/// The items of a list, page after page, up to a number that nobody can look through.
pub(crate) async fn list_all<T, F>(list: impl Fn(PageRequest) -> F) -> Result<Vec<T>, ApiError>
where
    F: Future<Output = Result<Page<T>, StoreError>>,
{
    let mut page = longest();
    let mut items = Vec::new();
    for _ in 0..PAGES_MAX {
        let found = list(page.clone()).await?;
        items.extend(found.items);
        match found.next_cursor {
            Some(cursor) => page.cursor = Some(cursor),
            None => break,
        }
    }
    Ok(items)
}
