// SPDX-License-Identifier: MIT OR Apache-2.0
//! Damage: whatever happens to the bytes on their way, the archive is refused.

use super::{example, file, open};
use crate::{Archive, ArchiveError};
use proptest::prelude::*;

#[test]
fn an_archive_that_ends_anywhere_else_is_refused() {
    let bytes = example();
    for length in 0..bytes.len() {
        let error = open(&bytes[..length]).unwrap_err();
        assert!(matches!(error, ArchiveError::Unsealed), "{length}: {error}");
    }
    for more in [b"x".as_slice(), &[0; 48], &bytes] {
        let longer = [bytes.as_slice(), more].concat();
        let error = open(&longer).unwrap_err();
        assert!(matches!(error, ArchiveError::Unsealed | ArchiveError::Damaged), "{error}");
    }
}

#[test]
fn every_byte_counts() {
    let bytes = example();
    for place in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = bytes.clone();
            damaged[place] ^= flip;
            let error = open(&damaged).unwrap_err();
            assert!(matches!(error, ArchiveError::Unsealed | ArchiveError::Damaged), "{place}: {error}");
        }
    }
}

#[test]
fn other_files_are_no_archives() {
    for other in [b"".as_slice(), b"PK\x03\x04", &[0; 4096], b"{}", &zstd::encode_all(&b"x"[..], 3).unwrap()] {
        assert!(matches!(open(other).unwrap_err(), ArchiveError::Unsealed));
    }
}

#[test]
fn a_file_that_is_changed_after_it_was_found_sound_gives_nothing_wrong() {
    use std::os::unix::fs::FileExt as _;
    let (bytes, found) = (example(), file(&example()));
    let archive = Archive::open(found.try_clone().unwrap()).unwrap();
    found.write_all_at(&[0xff; 16], bytes.len() as u64 / 2).unwrap();
    let (sender, mut receiver) = cap_storage::transfer::rows();
    archive.feed(sender);
    let mut last = receiver.blocking_next();
    while let Ok(Some(_)) = last {
        last = receiver.blocking_next();
    }
    last.unwrap_err();
}

proptest! {
    #[test]
    fn no_damage_makes_the_reader_panic_or_pass(
        places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let bytes = example();
        let mut damaged = bytes.clone();
        for (place, byte) in places {
            let place = place.index(damaged.len());
            damaged[place] = byte;
        }
        prop_assert_eq!(open(&damaged).is_ok(), damaged == bytes);
    }
}
