//! The audit's Merkle tree: roots and proofs from the stored complete subtrees, in a logarithmic number of rows.

use crate::merkle::{Frontier, Hash, Subtree, bag, proof, subtrees};
use sqlx::{PgExecutor, PgPool};
use std::collections::BTreeMap;

/// Why the tree gives no answer.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The database did not answer as it should.
    #[error("the audit cannot be read")]
    Database(#[from] sqlx::Error),
    /// A row that the tree needs is not there, or does not hold its nodes.
    #[error(
        "entry {0} of the audit does not hold its part of the tree; run `millstream audit verify`"
    )]
    Damaged(u64),
}

/// How many entries there are.
pub async fn size(db: impl PgExecutor<'_>) -> Result<u64, sqlx::Error> {
    Ok(end(db).await?.0)
}

/// Where the next entry goes: its index, and the record of the last entry (0 before the first).
pub async fn end(db: impl PgExecutor<'_>) -> Result<(u64, u64), sqlx::Error> {
    let last = sqlx::query!("select index, seq from app.audit order by index desc limit 1")
        .fetch_optional(db)
        .await?;
    let unsigned = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(last.map_or((0, 0), |last| {
        (unsigned(last.index) + 1, unsigned(last.seq))
    }))
}

/// What it takes to append to the tree of the first `size` entries.
pub async fn frontier(db: impl PgExecutor<'_>, size: u64) -> Result<Frontier, TreeError> {
    let peaks = subtrees(0, size);
    let hashes = read(db, &peaks).await?;
    let peaks = peaks.iter().map(|peak| hashes[peak]).collect();
    Ok(Frontier::new(size, peaks).expect("a tree has as many peaks as its size has set bits"))
}

/// What proves that an entry stands in the tree of the first `size` entries. `None` when it does not, or the audit is
/// not that long.
pub async fn inclusion(
    pool: &PgPool,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, TreeError> {
    let Some(plan) = proof::inclusion(index, size) else {
        return Ok(None);
    };
    prove(pool, &plan, size).await
}

/// What proves that the tree of the first `old` entries is the beginning of that of the first `new`. `None` when it is
/// the larger one, or the audit is not that long.
pub async fn consistency(
    pool: &PgPool,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, TreeError> {
    let Some(plan) = proof::consistency(old, new) else {
        return Ok(None);
    };
    prove(pool, &plan, new).await
}

async fn prove(
    pool: &PgPool,
    plan: &proof::Plan,
    size: u64,
) -> Result<Option<Vec<Hash>>, TreeError> {
    if self::size(pool).await? < size {
        return Ok(None);
    }
    let hashes = read(pool, &plan.concat()).await?;
    let element =
        |parts: &Vec<Subtree>| bag(&parts.iter().map(|part| hashes[part]).collect::<Vec<_>>());
    Ok(Some(plan.iter().map(element).collect()))
}

/// The hashes of complete subtrees; every one that was asked for is in the answer.
async fn read(
    db: impl PgExecutor<'_>,
    wanted: &[Subtree],
) -> Result<BTreeMap<Subtree, Hash>, TreeError> {
    // A last leaf beyond what Postgres counts to cannot exist; asking for -1 finds nothing.
    let lasts: Vec<i64> = wanted
        .iter()
        .map(|s| i64::try_from(s.last).unwrap_or(-1))
        .collect();
    let rows = sqlx::query!(
        "select index, leaf_hash, nodes from app.audit where index = any($1)",
        &lasts
    )
    .fetch_all(db)
    .await?;
    let mut stored = BTreeMap::new();
    for row in rows {
        let hashes = [row.leaf_hash, row.nodes].concat();
        stored.insert(u64::try_from(row.index).unwrap_or(u64::MAX), hashes);
    }
    wanted
        .iter()
        .map(|subtree| {
            let hash = stored
                .get(&subtree.last)
                .and_then(|hashes| nth(hashes, subtree.level));
            Ok((*subtree, hash.ok_or(TreeError::Damaged(subtree.last))?))
        })
        .collect()
}

fn nth(hashes: &[u8], level: u32) -> Option<Hash> {
    hashes.as_chunks().0.get(level as usize).copied()
}
