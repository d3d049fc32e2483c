// SPDX-License-Identifier: MIT OR Apache-2.0
//! A packed layout from anywhere: it is refused, or is the layout that was packed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a helper of a test is a test")]

use edge_package::{Attachment, Layout, Package, media};
use proptest::prelude::*;
use std::sync::LazyLock;

static PACKED: LazyLock<(Layout, Vec<u8>)> = LazyLock::new(|| {
    let wit = contract_samples::wit_of_items("call: func(x: u32) -> u32;");
    let manifest = "id: sample\nversion: 1.0.0\ntitle: S\ndescription: S.\nlicence: MIT\nworld: test:test/test-world@1.0.0\n\
                    operations:\n  test.call: { effect: read }\n";
    let files = [("component.wasm", contract_samples::documented(&wit)), ("cortex.yaml", manifest.as_bytes().to_vec())];
    let package = Package::of_files(files.map(|(path, content)| (path.to_owned(), content)).into()).unwrap();
    let attachments = vec![Attachment::new(media::IN_TOTO, b"{}".to_vec())];
    let layout = Layout { package, attachments };
    let packed = layout.pack();
    (layout, packed)
});

#[test]
fn what_was_packed_is_read_back() {
    let (layout, packed) = &*PACKED;
    let read = Layout::unpack(packed).unwrap();
    assert_eq!((read.package.digest(), &read.attachments), (layout.package.digest(), &layout.attachments));
    assert_eq!(read.pack(), *packed);
    assert!(Layout::unpack(&[]).is_err());
    let twice = [packed.as_slice(), packed].concat();
    assert!(Layout::unpack(&twice).is_err(), "every file twice");
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in any::<Vec<u8>>()) {
        prop_assert!(Layout::unpack(&bytes).is_err());
    }

    #[test]
    fn what_is_cut_is_refused(at in any::<prop::sample::Index>()) {
        prop_assert!(Layout::unpack(&PACKED.1[..at.index(PACKED.1.len())]).is_err());
    }

    #[test]
    fn a_changed_byte_is_refused_or_says_nothing(at in any::<prop::sample::Index>(), by in 1_u8..) {
        let mut packed = PACKED.1.clone();
        let at = at.index(packed.len());
        packed[at] ^= by;
        // The index repeats in annotations what the manifests say; it is made anew when the layout is written.
        if let Ok(read) = Layout::unpack(&packed) {
            prop_assert_eq!(read.package.digest(), PACKED.0.package.digest());
            prop_assert_eq!(&read.attachments, &PACKED.0.attachments);
            prop_assert_eq!(&read.pack(), &PACKED.1);
        }
    }

    #[test]
    fn a_length_of_any_size_is_refused(length in any::<u64>()) {
        let mut packed = PACKED.1.clone();
        packed[..8].copy_from_slice(&length.to_le_bytes());
        prop_assert!(Layout::unpack(&packed).is_err() || length.to_le_bytes() == PACKED.1[..8]);
    }
}
