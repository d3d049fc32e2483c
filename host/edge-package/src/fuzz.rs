// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must hold for any bytes whatever in the place of a package's files; asserted, for fuzzers and property tests.

use crate::layout::{Layout, Memory};
use crate::{dependencies, json};
use kernel_types::Digest;
use std::collections::BTreeMap;

/// Reads any bytes as JSON, as a layout, and as a component with a list of dependencies.
///
/// The first byte says what the rest is; a layout is a row of files, each a byte for its kind, two for its length, its bytes.
///
/// # Panics
/// Where what is read is not what was written.
pub fn fuzz_one(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => fuzz_json(rest),
        1 => drop(dependencies::read(rest)),
        _ => fuzz_layout(&memory(rest)),
    }
}

/// What was read strictly has one form, which reads as the same.
///
/// # Panics
/// Where it does not.
pub fn fuzz_json(data: &[u8]) {
    if let Ok(value) = json::parse(data) {
        let bytes = json::canonical(&value);
        let again = json::parse(&bytes);
        assert!(again.as_ref().is_ok_and(|again| json::canonical(again) == bytes), "one form: {value}");
    }
}

/// A layout that is accepted says what its files say, and what is written of it is accepted again.
///
/// # Panics
/// Where it is not so.
pub fn fuzz_layout(files: &Memory) {
    let Ok(layout) = Layout::read_from(files) else { return };
    let digest = layout.package.digest();
    let again = Layout::read_from(&layout.content());
    assert!(again.is_ok_and(|again| again.package.digest() == digest), "a layout that was read can be written");
}

/// The rest of the bytes as files of a layout. Blobs stand under their digests: a fuzzer does not find those.
fn memory(mut rest: &[u8]) -> Memory {
    let mut files = BTreeMap::new();
    while let Some((&[kind, low, high], after)) = rest.split_first_chunk::<3>() {
        let length = usize::from(u16::from_le_bytes([low, high]));
        let (file, after) = after.split_at_checked(length).unwrap_or((after, &[]));
        rest = after;
        let name = match kind % 3 {
            0 => String::from("oci-layout"),
            1 => String::from("index.json"),
            _ => format!("blobs/sha256/{}", Digest::of(file).hex()),
        };
        files.insert(name, file.to_vec());
    }
    Memory(files)
}
