// SPDX-License-Identifier: MIT OR Apache-2.0
//! What holds for any input: nothing panics, and what was changed is refused or says the same as before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;
#[path = "support/parsers.rs"]
mod parsers;

use common::Publisher;
use parsers::{SITE, any_bytes};
use proptest::prelude::*;
use signing_authority::keys::Signer as _;
use signing_authority::log::checkpoint::Checkpoint;
use signing_authority::log::entry::Request;
use std::sync::LazyLock;

static ENTRY: LazyLock<Vec<u8>> =
    LazyLock::new(|| serde_json::to_vec(&Publisher::new().entry(b"an artifact")).unwrap());

fn entry(bytes: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<Request>(bytes).ok()?.into_entry().ok()
}

fn flipped(bytes: &[u8], at: usize, bit: u8) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    let at = at % flipped.len();
    flipped[at] ^= 1 << bit;
    flipped
}

#[test]
fn nothing_is_refused_too() {
    for text in ["", "\n", "-----END CERTIFICATE-----", " \r\n\r\n"] {
        any_bytes(text.as_bytes());
        assert!(signing_authority::certificate::from_pem(text).is_err(), "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        any_bytes(&bytes);
    }

    #[test]
    fn any_json_is_refused_or_read(text in r#"[\{\}\[\]":,a-zA-Z0-9 \\]{0,200}"#) {
        any_bytes(text.as_bytes());
    }

    /// ECDSA has two signatures for each: a bit of the signature may lead to the other one no more than by chance.
    #[test]
    fn any_bit_of_an_entry(at: usize, bit in 0..8_u8) {
        let good = entry(&ENTRY).unwrap();
        let spoiled = flipped(&ENTRY, at, bit);
        any_bytes(&spoiled);
        if let Some(other) = entry(&spoiled) {
            prop_assert_eq!(other, good, "{}", String::from_utf8_lossy(&spoiled));
        }
    }

    #[test]
    fn any_bit_of_a_checkpoint(size: u64, at: usize, bit in 0..8_u8) {
        let checkpoint = Checkpoint { origin: SITE.origin.clone(), size, root: [7; 32] };
        let note = checkpoint.sign(&SITE.log).unwrap();
        let open = |note: &str| Checkpoint::open(note, &SITE.origin, SITE.log.public_key());
        prop_assert_eq!(open(&note).ok(), Some(checkpoint));
        let spoiled = flipped(note.as_bytes(), at, bit);
        any_bytes(&spoiled);
        if let Ok(spoiled) = std::str::from_utf8(&spoiled) {
            prop_assert!(open(spoiled).is_err(), "{spoiled}");
        }
    }

    #[test]
    fn any_bit_of_a_certificate(at: usize, bit in 0..8_u8) {
        use der::Encode as _;
        let good = SITE.tsa.chain()[0].to_der().unwrap();
        any_bytes(&good);
        any_bytes(&flipped(&good, at, bit));
    }

    #[test]
    fn any_bit_of_a_key(at: usize, bit in 0..8_u8) {
        any_bytes(&flipped(SITE.log.public_key().der(), at, bit));
        any_bytes(&flipped(Publisher::new().key.public_key().der(), at, bit));
    }
}
