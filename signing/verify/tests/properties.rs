// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds for any input: nothing panics, and a changed bundle is refused or says the same as before.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

mod support;

use proptest::prelude::*;
use signing_verify::Verified;
use std::sync::LazyLock;
use support::*;

static VERIFIER: LazyLock<signing_verify::Verifier> = LazyLock::new(verifier);

/// A bundle with one bit flipped verifies to what it did before, or not at all. Only the time may be proven otherwise: a bit
/// in a member's name takes the log's promise away, and the timestamp beside it still stands.
fn one_bit(bundle: &[u8], artifact: &signing_verify::Artifact<'_>, at: usize, bit: u8) {
    let before = verify(&VERIFIER, bundle, artifact).unwrap();
    let mut flipped = bundle.to_vec();
    let at = at % flipped.len();
    flipped[at] ^= 1 << bit;
    if let Ok(after) = verify(&VERIFIER, &flipped, artifact) {
        let what = |one: &Verified| (one.name.clone(), one.digest, one.signer.clone(), one.kind, one.statement.clone());
        assert_eq!(what(&after), what(&before), "byte {at}, bit {bit}");
        let seconds = |one: &Verified| one.signed_at.unwrap().time.as_second();
        assert!(seconds(&after) >= seconds(&before), "byte {at}, bit {bit}: {:?}", after.signed_at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_bit_of_a_signature(at: usize, bit in 0..8_u8) {
        one_bit(STAGING_SIGNATURE, &staging_artifact(), at, bit);
    }

    #[test]
    fn any_bit_of_a_provenance(at: usize, bit in 0..8_u8) {
        one_bit(PUBLIC_PROVENANCE, &a_txt(), at, bit);
    }

    #[test]
    fn any_bit_of_a_kept_keys(at: usize, bit in 0..8_u8) {
        one_bit(MANAGED_KEY, &a_txt(), at, bit);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        parsers::any_bytes(&bytes);
    }

    #[test]
    fn parts_of_good_input(which in 0..5_usize, from: usize, length in 0..64_usize, with in "[\\PC\\x00-\\x1f]{0,16}") {
        let good = [STAGING_SIGNATURE, PUBLIC_PROVENANCE, MANAGED_KEY, PUBLIC_ROOT, &bytes(&policy_value())][which].to_vec();
        let from = from % good.len();
        let to = (from + length).min(good.len());
        let spliced = [&good[..from], with.as_bytes(), &good[to..]].concat();
        parsers::any_bytes(&spliced);
        parsers::any_bytes(&good[..from]);
    }

    #[test]
    fn parts_of_a_list(from: usize, length in 0..16_usize, with in "[\\PC\\x00-\\x1f]{0,8}") {
        let good = list(7, &[(&kernel_types::Digest::of(b"bad"), "it is bad")]);
        let from = from % good.len();
        let to = (from + length).min(good.len());
        any_list(&[&good[..from], with.as_bytes(), &good[to..]].concat());
    }
}
