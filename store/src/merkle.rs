//! The Merkle tree of RFC 6962 (and RFC 9162, which kept it): how a list that only grows is summed up in 32 bytes, so
//! that neither an entry nor the order can change unseen.
//!
//! A leaf is hashed as `SHA-256(0x00 || bytes)`, two neighbours as `SHA-256(0x01 || left || right)`. Every *complete*
//! subtree (a power of two of leaves, aligned) is final once its last leaf is there; those hashes are stored, and any
//! root and any proof is made of a logarithmic number of them. [`proof`] says which.
//!
//! *Invariant:* pure; what is stored where is `views::audit`'s business.

pub mod proof;

use sha2::{Digest, Sha256};

/// A hash of the tree.
pub type Hash = [u8; 32];

/// The hash of an entry.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(bytes)
        .finalize()
        .into()
}

/// The hash over two neighbours.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    // One buffer, one call: a node is hashed for every leaf, so this is half of a verification's work.
    let mut bytes = [0; 65];
    bytes[0] = 1;
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// The root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// A complete subtree, named by its height and its last leaf: the leaf that made it complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// Its last leaf.
    pub last: u64,
    /// Its height: it has `2^level` leaves, and at level 0 it is a leaf.
    pub level: u32,
}

/// The complete subtrees that the leaves `begin..end` fall into, from the left; `begin` must be aligned to the largest.
#[must_use]
pub fn subtrees(begin: u64, end: u64) -> Vec<Subtree> {
    let mut all = Vec::new();
    let mut begin = begin;
    while begin < end {
        let level = (end - begin).ilog2();
        begin += 1 << level;
        all.push(Subtree {
            last: begin - 1,
            level,
        });
    }
    all
}

/// The hash over neighbouring complete subtrees, largest first: a root, or the ragged right edge of one.
#[must_use]
pub fn bag(hashes: &[Hash]) -> Hash {
    hashes
        .iter()
        .rev()
        .copied()
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or_else(empty_root)
}

/// The right edge of a growing tree: all that is needed to append to it and to know its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves, from the hashes of `subtrees(0, size)`; `None` when their number does
    /// not fit the size.
    #[must_use]
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf and answers with the inner nodes that it completes, from level 1 up.
    pub fn push(&mut self, leaf: Hash) -> Vec<Hash> {
        let completed = self.size.trailing_ones() as usize;
        let mut nodes = Vec::with_capacity(completed);
        let mut top = leaf;
        for _ in 0..completed {
            let left = self.peaks.pop().expect("a set bit of the size is a peak");
            top = node_hash(&left, &top);
            nodes.push(top);
        }
        self.peaks.push(top);
        self.size += 1;
        nodes
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        bag(&self.peaks)
    }
}

#[cfg(test)]
mod tests;
