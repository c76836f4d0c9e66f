//! Which hashes a proof consists of (RFC 6962, 2.1.1 and 2.1.2). An answer is a list of ranges of leaves; the hash of
//! each, made of the stored complete subtrees, is one element of the proof.

use super::{Hash, Subtree, node_hash, subtrees};
use std::ops::Range;

/// The elements of a proof: for each, the complete subtrees whose hashes are bagged into it.
pub type Plan = Vec<Vec<Subtree>>;

/// What proves that the leaf `index` stands in the tree of `size` leaves; `None` when it does not.
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Plan> {
    (index < size).then(|| {
        let mut ranges = Vec::new();
        path(index, 0..size, &mut ranges);
        plan(&ranges)
    })
}

/// The root that an inclusion proof leads to, from the leaf up; `None` when it has too many hashes or too few. The leaf stands
/// in the tree if that is the tree's root.
#[must_use]
pub fn root(index: u64, size: u64, leaf: Hash, hashes: &[Hash]) -> Option<Hash> {
    let mut rest = hashes.iter();
    let root = (index < size).then(|| climb(index, 0..size, leaf, &mut rest))??;
    rest.next().is_none().then_some(root)
}

/// The hash over a range, of which `rest` ends with the outermost sibling.
fn climb(
    index: u64,
    range: Range<u64>,
    leaf: Hash,
    rest: &mut std::slice::Iter<'_, Hash>,
) -> Option<Hash> {
    if range.end - range.start == 1 {
        return Some(leaf);
    }
    let (middle, sibling) = (split(&range), rest.next_back()?);
    if index < middle {
        Some(node_hash(
            &climb(index, range.start..middle, leaf, rest)?,
            sibling,
        ))
    } else {
        Some(node_hash(
            sibling,
            &climb(index, middle..range.end, leaf, rest)?,
        ))
    }
}

/// What proves that the tree of `old` leaves is the beginning of the tree of `new`; `None` when `old` is larger.
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Plan> {
    (old <= new).then(|| {
        let mut ranges = Vec::new();
        if old > 0 {
            subproof(old, 0..new, true, &mut ranges);
        }
        plan(&ranges)
    })
}

fn plan(ranges: &[Range<u64>]) -> Plan {
    ranges
        .iter()
        .map(|range| subtrees(range.start, range.end))
        .collect()
}

/// Where a tree divides: behind the largest power of two that is smaller than its size.
fn split(range: &Range<u64>) -> u64 {
    range.start + (1 << (range.end - range.start - 1).ilog2())
}

/// PATH of the RFC: the siblings on the way from the leaf up, in that order.
fn path(index: u64, range: Range<u64>, out: &mut Vec<Range<u64>>) {
    if range.end - range.start == 1 {
        return;
    }
    let middle = split(&range);
    if index < middle {
        path(index, range.start..middle, out);
        out.push(middle..range.end);
    } else {
        path(index, middle..range.end, out);
        out.push(range.start..middle);
    }
}

/// SUBPROOF of the RFC; `known` says that the old tree's root is this range, which the verifier has.
fn subproof(old: u64, range: Range<u64>, known: bool, out: &mut Vec<Range<u64>>) {
    if old == range.end {
        if !known {
            out.push(range);
        }
        return;
    }
    let middle = split(&range);
    if old <= middle {
        subproof(old, range.start..middle, known, out);
        out.push(middle..range.end);
    } else {
        subproof(old, middle..range.end, false, out);
        out.push(range.start..middle);
    }
}
