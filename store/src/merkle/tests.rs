//! The tree against the vectors of the certificate transparency project, against a naive one for every size up to a few
//! hundred, and its proofs against the verification algorithms of RFC 9162, which go the other way round.

use super::*;
use sha2::{Digest, Sha256};

/// Larger than 2^8, so that every shape of the right edge up to eight levels occurs.
const SIZES: u64 = 300;

fn leaf(n: u64) -> Hash {
    leaf_hash(&n.to_be_bytes())
}

/// MTH of RFC 6962, by its definition.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [one] => *one,
        many => {
            let mut half = 1;
            while half * 2 < many.len() {
                half *= 2;
            }
            let (left, right) = (naive_root(&many[..half]), naive_root(&many[half..]));
            Sha256::digest([&[1][..], &left, &right].concat()).into()
        }
    }
}

/// A tree that keeps every node, as the database does.
struct Stored {
    nodes: Vec<Vec<Hash>>,
    /// The roots of the naive tree, by size.
    roots: Vec<Hash>,
}

impl Stored {
    fn new(size: u64) -> Self {
        let mut frontier = Frontier::default();
        let leaves: Vec<_> = (0..size).map(leaf).collect();
        let nodes = leaves
            .iter()
            .map(|leaf| [vec![*leaf], frontier.push(*leaf)].concat())
            .collect();
        let roots = (0..=leaves.len())
            .map(|size| naive_root(&leaves[..size]))
            .collect();
        Self { nodes, roots }
    }

    fn hash(&self, subtree: &Subtree) -> Hash {
        self.nodes[usize::try_from(subtree.last).unwrap()][subtree.level as usize]
    }

    fn prove(&self, plan: &proof::Plan) -> Vec<Hash> {
        let element = |parts: &Vec<Subtree>| {
            bag(&parts.iter().map(|part| self.hash(part)).collect::<Vec<_>>())
        };
        plan.iter().map(element).collect()
    }

    fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }
}

/// RFC 9162, 2.1.3.2.
fn includes(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut f, mut s, mut r) = (index, size - 1, leaf);
    for p in proof {
        if s == 0 {
            return false;
        }
        if f & 1 == 1 || f == s {
            r = node_hash(p, &r);
            while f & 1 == 0 && f != 0 {
                f >>= 1;
                s >>= 1;
            }
        } else {
            r = node_hash(&r, p);
        }
        f >>= 1;
        s >>= 1;
    }
    s == 0 && r == root
}

/// RFC 9162, 2.1.4.2.
fn extends(old: (u64, Hash), new: (u64, Hash), proof: &[Hash]) -> bool {
    if old.0 == new.0 {
        return proof.is_empty() && old.1 == new.1;
    }
    let mut path = proof.to_vec();
    if old.0.is_power_of_two() {
        path.insert(0, old.1);
    }
    let Some((first, rest)) = path.split_first() else {
        return false;
    };
    let (mut f, mut s) = (old.0 - 1, new.0 - 1);
    while f & 1 == 1 {
        f >>= 1;
        s >>= 1;
    }
    let (mut from, mut to) = (*first, *first);
    for c in rest {
        if s == 0 {
            return false;
        }
        if f & 1 == 1 || f == s {
            from = node_hash(c, &from);
            to = node_hash(c, &to);
            while f & 1 == 0 && f != 0 {
                f >>= 1;
                s >>= 1;
            }
        } else {
            to = node_hash(&to, c);
        }
        f >>= 1;
        s >>= 1;
    }
    s == 0 && from == old.1 && to == new.1
}

fn hex(hash: Hash) -> String {
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[test]
fn the_published_test_vectors_come_out() {
    let inputs: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::default();
    assert_eq!(
        hex(frontier.root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (input, root) in inputs.iter().zip(roots) {
        frontier.push(leaf_hash(input));
        assert_eq!(hex(frontier.root()), root, "size {}", frontier.size());
    }
}

#[test]
fn the_frontier_has_the_root_of_the_naive_tree_at_every_size() {
    let leaves: Vec<_> = (0..SIZES).map(leaf).collect();
    let mut frontier = Frontier::default();
    for size in 0..SIZES {
        let index = usize::try_from(size).unwrap();
        assert_eq!(frontier.root(), naive_root(&leaves[..index]), "size {size}");
        frontier.push(leaves[index]);
    }
}

#[test]
fn a_frontier_is_taken_up_again_from_the_stored_subtrees() {
    let stored = Stored::new(SIZES);
    for size in 0..SIZES {
        let peaks = subtrees(0, size)
            .iter()
            .map(|part| stored.hash(part))
            .collect();
        let frontier = Frontier::new(size, peaks).unwrap();
        assert_eq!(frontier.root(), stored.root(size), "size {size}");
    }
    assert_eq!(
        Frontier::new(3, vec![leaf(0)]),
        None,
        "three leaves have two peaks"
    );
}

#[test]
fn every_inclusion_proof_convinces_an_independent_verifier() {
    let stored = Stored::new(SIZES);
    for size in 1..SIZES {
        let root = stored.root(size);
        for index in 0..size {
            let proof = stored.prove(&proof::inclusion(index, size).unwrap());
            assert!(
                includes(leaf(index), index, size, &proof, root),
                "{index} of {size}"
            );
            assert!(
                !includes(leaf(index + 1), index, size, &proof, root),
                "another leaf"
            );
            assert!(!includes(leaf(index), (index + 1) % size, size, &proof, root) || size == 1);
            assert_eq!(proof::root(index, size, leaf(index), &proof), Some(root));
            let longer = [&proof[..], &[root]].concat();
            assert_eq!(proof::root(index, size, leaf(index), &longer), None);
        }
    }
    assert_eq!(proof::inclusion(5, 5), None);
}

#[test]
fn every_consistency_proof_convinces_an_independent_verifier() {
    let stored = Stored::new(SIZES);
    for new in 1..SIZES {
        let new = (new, stored.root(new));
        for old in 1..=new.0 {
            let old = (old, stored.root(old));
            let proof = stored.prove(&proof::consistency(old.0, new.0).unwrap());
            assert!(extends(old, new, &proof), "{} to {}", old.0, new.0);
            assert!(
                !extends((old.0, leaf(999)), new, &proof),
                "another beginning"
            );
        }
    }
    assert_eq!(proof::consistency(6, 5), None);
    assert_eq!(proof::consistency(0, 5), Some(vec![]));
}

#[test]
fn a_proof_reads_a_logarithmic_number_of_nodes() {
    let size = 1_000_003;
    for index in [0, 1, 524_288, size - 1] {
        let reads: usize = proof::inclusion(index, size)
            .unwrap()
            .iter()
            .map(Vec::len)
            .sum();
        assert!(reads <= 40, "{reads} reads for {index}");
    }
    let reads: usize = proof::consistency(777_777, size)
        .unwrap()
        .iter()
        .map(Vec::len)
        .sum();
    assert!(reads <= 40, "{reads} reads");
}
