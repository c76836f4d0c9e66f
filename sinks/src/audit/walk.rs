//! One walk over the stored entries: each is hashed anew from its columns, put into a tree, and what does not fit is told.
//! Checkpoints are signed over what a walk has seen, and verification is one long walk.

use super::entry;
use super::finding::Finding;
use crate::postgres::signed;
use millstream_store::merkle::{Frontier, Hash};
use millstream_store::views::audit::rows::{self, Row};
use millstream_store::views::audit::tree::{self, TreeError};
use sqlx::PgPool;
use std::ops::Range;

/// Entries of one statement: a database with a single connection serves others in between.
const PAGE: u64 = 2_000;

/// Where a walk is.
#[derive(Debug)]
pub(super) struct Walk {
    /// The index that comes next.
    next: u64,
    /// The tree so far, of the stored leaf hashes; `None` behind a gap, where there is no more tree to build.
    tree: Option<Frontier>,
    /// The `seq` of the entry before.
    seq: i64,
}

impl Walk {
    /// A walk from the first entry on.
    #[must_use]
    pub(super) fn new() -> Self {
        Self {
            next: 0,
            tree: Some(Frontier::default()),
            seq: 0,
        }
    }

    /// A walk from behind the first `size` entries on. Whether those are as they were is the caller's question: it has
    /// their [`Walk::root`].
    pub(super) async fn resume(pool: &PgPool, size: u64) -> Result<Self, TreeError> {
        let tree = tree::frontier(pool, size).await?;
        let mut walk = Self {
            next: size,
            tree: Some(tree),
            seq: 0,
        };
        if let Some(last) = size.checked_sub(1) {
            rows::walk(pool, signed_range(last..size), |row| walk.seq = row.seq).await?;
        }
        Ok(walk)
    }

    /// The root of the tree so far.
    #[must_use]
    pub(super) fn root(&self) -> Option<Hash> {
        self.tree.as_ref().map(Frontier::root)
    }

    /// The index that comes next.
    #[must_use]
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The record of the last entry that was walked over, 0 before the first.
    #[must_use]
    pub(super) fn seq(&self) -> i64 {
        self.seq
    }

    /// Walks on to `end`; `found` is told what does not fit, in the order of the indexes.
    pub(super) async fn to(
        &mut self,
        pool: &PgPool,
        end: u64,
        found: &mut (dyn FnMut(Finding) + Send),
    ) -> Result<(), sqlx::Error> {
        while self.next < end {
            self.page(pool, end, found).await?;
        }
        Ok(())
    }

    /// Walks on by a page, not beyond `end`.
    pub(super) async fn page(
        &mut self,
        pool: &PgPool,
        end: u64,
        found: &mut (dyn FnMut(Finding) + Send),
    ) -> Result<(), sqlx::Error> {
        let mut page = (self.next + PAGE).min(end);
        let mut range = signed_range(self.next..page);
        if self.next == 0 {
            // Also what somebody put before the first.
            range.start = i64::MIN;
        }
        let mut empty = true;
        rows::walk(pool, range, |row| {
            empty = false;
            self.take(&row, found);
        })
        .await?;
        if empty {
            // A gap may be as long as somebody likes.
            let next = rows::next_index(pool, signed_range(page..end)).await?;
            page = next.map_or(end, |next| u64::try_from(next).unwrap_or(end));
        }
        // What is missing at the end of the page.
        self.skip_to(page, found);
        Ok(())
    }

    fn take(&mut self, row: &Row, found: &mut (dyn FnMut(Finding) + Send)) {
        let Ok(index) = u64::try_from(row.index) else {
            return found(Finding::NoPlace { index: row.index });
        };
        if index < self.next {
            self.tree = None;
            return found(Finding::Duplicate { index });
        }
        self.skip_to(index, found);
        match entry::hash(row) {
            Some(hash) if hash[..] == row.leaf_hash => {}
            Some(_) => found(Finding::Edited {
                index,
                seq: row.seq,
                fields: Vec::new(),
            }),
            None => found(Finding::UnknownForm {
                index,
                form: row.form,
            }),
        }
        if row.seq <= self.seq {
            found(Finding::OutOfOrder {
                index,
                seq: row.seq,
                before: self.seq,
            });
        }
        self.seq = row.seq;
        self.next = index + 1;
        self.grow(row, index, found);
    }

    /// The stored leaf hash goes into the tree, not the new one: where only the fields were edited, the tree still stands
    /// and shows that everything else is as it was. A walk without findings has seen that both are the same.
    fn grow(&mut self, row: &Row, index: u64, found: &mut (dyn FnMut(Finding) + Send)) {
        let Some(tree) = &mut self.tree else { return };
        let Ok(leaf) = Hash::try_from(row.leaf_hash.as_slice()) else {
            self.tree = None;
            return found(Finding::Tree { index });
        };
        if tree.push(leaf).as_flattened() != row.nodes {
            found(Finding::Tree { index });
        }
    }

    fn skip_to(&mut self, index: u64, found: &mut (dyn FnMut(Finding) + Send)) {
        if self.next < index {
            self.tree = None;
            found(Finding::Missing {
                first: self.next,
                last: index - 1,
            });
            self.next = index;
        }
    }
}

fn signed_range(range: Range<u64>) -> Range<i64> {
    signed(range.start)..signed(range.end)
}
