// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Merkle tree of RFC 6962, section 2.1: hashes, roots and proofs, over whatever can hand out the hash of a complete
//! subtree. Nothing here knows of files.

use aws_lc_rs::digest;

/// A node of the tree.
pub type Hash = [u8; HASH_BYTES];

/// The length of a SHA-256 hash.
pub const HASH_BYTES: usize = 32;

/// The levels that a tree of `u64::MAX` leaves has at most.
const LEVELS_MAX: u32 = 64;

/// Hands out hashes of complete subtrees.
pub trait Nodes {
    /// Why a hash cannot be had.
    type Error;

    /// The hash over the leaves `[index << level, (index + 1) << level)`, all of which the tree has.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn node(&mut self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; HASH_BYTES];
    let digest = context.finish();
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}

/// The hash of a leaf that holds these bytes.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    sha256(&[&[0], data])
}

/// The hash of a node over two others.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// The hash of a tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The hash over complete subtrees of one size, whose number is a power of two.
#[must_use]
pub fn fold(mut hashes: Vec<Hash>) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    while hashes.len() > 1 {
        hashes = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    hashes.first().copied()
}

/// The hash over the leaves `[begin, end)`, where `begin` is a multiple of the largest power of two below `end - begin`.
fn range<N: Nodes>(nodes: &mut N, begin: u64, end: u64) -> Result<Hash, N::Error> {
    // Complete subtrees from the left, the largest first; then joined from the right.
    let mut parts = Vec::new();
    let mut from = begin;
    while from < end {
        let level = (end - from).ilog2();
        parts.push(nodes.node(level, from >> level)?);
        from += 1 << level;
    }
    let last = parts.pop().unwrap_or_else(empty_root);
    Ok(parts.iter().rev().fold(last, |right, left| node_hash(left, &right)))
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// Where a hash cannot be read.
pub fn root<N: Nodes>(nodes: &mut N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// The proof that leaf `index` is in the tree of `size` leaves, from the leaf upwards. Empty where the index is not in the tree.
///
/// # Errors
/// Where a hash cannot be read.
pub fn inclusion<N: Nodes>(nodes: &mut N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    let (mut begin, mut end) = (0, size);
    while index < size && end - begin > 1 {
        let split = begin + split_point(end - begin);
        if index < split {
            proof.push(range(nodes, split, end)?);
            end = split;
        } else {
            proof.push(range(nodes, begin, split)?);
            begin = split;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `old` leaves is a prefix of the tree of `new` leaves (RFC 6962, section 2.1.2). Empty where there
/// is nothing to prove: sizes that are equal, or an empty old tree.
///
/// # Errors
/// Where a hash cannot be read.
pub fn consistency<N: Nodes>(nodes: &mut N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut begin, mut end) = (0, new);
    // Whether the old tree is still the whole left part, whose root the verifier knows.
    let mut is_known = true;
    while old != end {
        let split = begin + split_point(end - begin);
        if old <= split {
            proof.push(range(nodes, split, end)?);
            end = split;
        } else {
            proof.push(range(nodes, begin, split)?);
            begin = split;
            is_known = false;
        }
    }
    if !is_known {
        proof.push(range(nodes, begin, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two below a number greater than one.
fn split_point(length: u64) -> u64 {
    1 << (length - 1).ilog2().min(LEVELS_MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sigstore_types::Sha256Hash;
    use std::convert::Infallible;

    /// All leaves in memory; a node is computed from them each time, as the RFC defines it.
    struct Naive(Vec<Hash>);

    impl Naive {
        fn of(leaves: usize) -> Self {
            Self((0..leaves).map(|n| leaf_hash(&n.to_be_bytes())).collect())
        }

        fn tree_head(leaves: &[Hash]) -> Hash {
            match leaves {
                [] => empty_root(),
                [one] => *one,
                many => {
                    let split = (1..many.len()).rev().find(|n| n.is_power_of_two()).unwrap();
                    node_hash(&Self::tree_head(&many[..split]), &Self::tree_head(&many[split..]))
                }
            }
        }
    }

    impl Nodes for Naive {
        type Error = Infallible;

        fn node(&mut self, level: u32, index: u64) -> Result<Hash, Infallible> {
            let begin = usize::try_from(index << level).unwrap();
            Ok(Self::tree_head(&self.0[begin..begin + (1 << level)]))
        }
    }

    fn hex(hash: &Hash) -> String {
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn roots_are_those_of_the_reference_vectors_of_certificate_transparency() {
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut nodes = Naive(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
        for (size, expected) in (0_u64..).zip(roots) {
            assert_eq!(hex(&root(&mut nodes, size).unwrap()), expected, "{size}");
        }
    }

    #[test]
    fn a_fold_needs_a_power_of_two() {
        let leaves = Naive::of(6).0;
        assert_eq!(fold(leaves[..4].to_vec()), Some(Naive::tree_head(&leaves[..4])));
        assert_eq!(fold(leaves[..1].to_vec()), Some(leaves[0]));
        assert_eq!(fold(leaves), None);
        assert_eq!(fold(Vec::new()), None);
    }

    fn as_theirs(hashes: &[Hash]) -> Vec<Sha256Hash> {
        hashes.iter().map(|hash| Sha256Hash::new(*hash)).collect()
    }

    proptest! {
        #[test]
        fn proofs_convince_an_implementation_that_is_not_ours(new in 1_u64..600, part in 0_u64..1_000_000) {
            let mut nodes = Naive::of(usize::try_from(new).unwrap());
            let head = Naive::tree_head(&nodes.0);
            prop_assert_eq!(root(&mut nodes, new).unwrap(), head);
            let index = part % new;
            let proof = inclusion(&mut nodes, index, new).unwrap();
            let leaf = Sha256Hash::new(nodes.0[usize::try_from(index).unwrap()]);
            let theirs = sigstore_merkle::verify_inclusion_proof(&leaf, index, new, &as_theirs(&proof), &Sha256Hash::new(head));
            prop_assert!(theirs.is_ok(), "{:?}", theirs);
            let old = 1 + part % new;
            let proof = consistency(&mut nodes, old, new).unwrap();
            let before = root(&mut nodes, old).unwrap();
            let theirs = sigstore_merkle::verify_consistency_proof(old, new, &as_theirs(&proof), &Sha256Hash::new(before), &Sha256Hash::new(head));
            prop_assert!(theirs.is_ok(), "{:?}", theirs);
        }
    }
}
