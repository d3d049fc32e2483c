// SPDX-License-Identifier: MIT OR Apache-2.0
//! Any bytes into every parser of the crate: refused or read, never more. Fuzzing and `tests/properties.rs` run it.

use signing_verify::{Bundle, Keys, Policy, TrustRoot};

/// Panics where a parser does, or where it reads what it should not.
pub fn any_bytes(bytes: &[u8]) {
    if let Ok(bundle) = Bundle::parse(bytes) {
        let one_meaning = [br#""dsseEnvelope""#.as_slice(), br#""messageSignature""#];
        let count = |name: &[u8]| bytes.windows(name.len()).filter(|part| *part == name).count();
        // Both may stand in strings of an odd bundle, but none without an escape means that there is no content.
        assert!(bytes.contains(&b'\\') || one_meaning.iter().any(|name| count(name) > 0), "{bundle:?}");
    }
    let _ = TrustRoot::parse(bytes);
    let _ = Keys::parse(bytes);
    if let Ok(policy) = Policy::parse(bytes) {
        let _ = policy.publisher("acme/ledger");
    }
}
