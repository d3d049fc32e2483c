// SPDX-License-Identifier: MIT OR Apache-2.0
//! Archives that somebody made on purpose, sealed as they should be: only the reader's own bounds are between them and
//! the host.

use super::{columns, example, header, open};
use crate::ArchiveError;
use crate::envelope::Sealing;
use crate::header::{Header, Index, Member};
use crate::limits::RATIO_FREE_BYTES;
use crate::member::{BLOCK, entry, padding};
use kernel_types::Digest;
use std::io::{Read as _, Write as _};

/// An archive of these decompressed bytes.
fn sealed(raw: &[u8]) -> Vec<u8> {
    let mut out = Sealing::new(Vec::new());
    out.write_all(&zstd::encode_all(raw, 3).unwrap()).unwrap();
    out.seal().unwrap().1
}

/// The members of the example: name and content.
fn members() -> Vec<(String, Vec<u8>)> {
    let raw = zstd::decode_all(example().as_slice()).unwrap();
    let mut archive = tar::Archive::new(raw.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (name, content)
    });
    entries.collect()
}

fn block(name: &str, content: &[u8]) -> Vec<u8> {
    let bytes = content.len() as u64;
    [entry(name, bytes).unwrap().as_slice(), content, &[0; BLOCK][..padding(bytes)]].concat()
}

/// The decompressed bytes of members, with an index of what they are.
fn with_index(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let rows = |name: &str, content: &[u8]| {
        name.starts_with("rows/").then(|| content.iter().filter(|byte| **byte == b'\n').count() as u64)
    };
    let of = |(name, content): &(String, Vec<u8>)| Member {
        name: name.clone(),
        bytes: content.len() as u64,
        digest: Digest::of(content),
        rows: rows(name, content),
    };
    let index = Index { members: members.iter().map(of).collect() };
    let mut raw: Vec<u8> = members.iter().flat_map(|(name, content)| block(name, content)).collect();
    raw.extend(block("index.json", &serde_json::to_vec(&index).unwrap()));
    raw.extend([0; 2 * BLOCK]);
    raw
}

fn refused(members: &[(String, Vec<u8>)]) -> ArchiveError {
    open(&sealed(&with_index(members))).unwrap_err()
}

fn without_index() -> Vec<(String, Vec<u8>)> {
    let mut members = members();
    members.pop();
    members
}

#[test]
fn the_example_made_by_hand_is_sound() {
    open(&sealed(&with_index(&without_index()))).unwrap();
}

#[test]
fn a_member_that_does_not_belong_is_refused() {
    let extra = |name: &str| {
        let at = |place: usize| {
            let mut members = without_index();
            members.insert(place, (name.to_owned(), b"[1,\"a\",null,null]\n".to_vec()));
            members
        };
        for place in 1..=without_index().len() {
            let error = refused(&at(place));
            assert!(matches!(error, ArchiveError::Unexpected { .. }), "{name} at {place}: {error}");
        }
    };
    for name in [
        "archive.json",
        "other.json",
        "components/other/component.wasm",
        "components/shop",
        "components/shop/a b",
        "rows/shop/items/000003.jsonl",
        "rows/shop/items/1.jsonl",
        "rows/shop/nothing/000001.jsonl",
        "rows/wiki/items/000001.jsonl",
        "rows/shop/items/000001.jsonl",
        "components/shop/component.wasm",
    ] {
        extra(name);
    }
}

#[test]
fn members_out_of_order_or_missing_are_refused() {
    let sound = without_index();
    for one in 1..sound.len() {
        for other in 1..one {
            let mut members = sound.clone();
            members.swap(one, other);
            refused(&members);
        }
    }
    // What is missing is seen where the index still names it.
    let index = with_index(&sound);
    for (name, content) in sound.iter().skip(1) {
        let gone = block(name, content);
        let place = index.windows(gone.len()).position(|window| window == gone).unwrap();
        let without = [&index[..place], &index[place + gone.len()..]].concat();
        let error = open(&sealed(&without)).unwrap_err();
        assert!(matches!(error, ArchiveError::Member { .. } | ArchiveError::Unexpected { .. }), "{error}");
    }
}

#[test]
fn a_member_that_the_index_knows_otherwise_is_refused() {
    let sound = without_index();
    for (name, content) in sound.iter().skip(1) {
        let mut raw = with_index(&sound);
        let old = block(name, content);
        let mut new = content.clone();
        match new.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
            Some(digit) => *digit = if *digit == b'9' { b'8' } else { *digit + 1 },
            None => new.push(b'x'),
        }
        let place = raw.windows(old.len()).position(|window| window == old).unwrap();
        raw.splice(place..place + old.len(), block(name, &new));
        let error = open(&sealed(&raw)).unwrap_err();
        assert!(matches!(error, ArchiveError::Member { .. } | ArchiveError::Row { .. }), "{name}: {error}");
    }
}

#[test]
fn an_entry_that_is_no_plain_file_is_refused() {
    let name = "components/shop/component.wasm";
    let (before, after) = (&block("archive.json", &members()[0].1), vec![0; 4 * BLOCK]);
    let change = |change: &dyn Fn(&mut tar::Header)| {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes().copy_from_slice(&entry(name, 4).unwrap());
        change(&mut header);
        header.set_cksum();
        let raw = [before.as_slice(), header.as_bytes(), b"wasm", &[0; BLOCK - 4], &after].concat();
        let error = open(&sealed(&raw)).unwrap_err();
        assert!(matches!(error, ArchiveError::Entry(2)), "{error}");
    };
    for kind in [
        tar::EntryType::Symlink,
        tar::EntryType::Link,
        tar::EntryType::Directory,
        tar::EntryType::Char,
        tar::EntryType::Fifo,
        tar::EntryType::GNULongName,
        tar::EntryType::GNUSparse,
        tar::EntryType::XHeader,
        tar::EntryType::XGlobalHeader,
    ] {
        change(&|header| header.set_entry_type(kind));
    }
    change(&|header| header.set_link_name("/etc/passwd").unwrap());
    change(&|header| header.set_uid(1000));
    change(&|header| header.set_mode(0o4755));
    change(&|header| header.set_mtime(1));
    for path in
        ["/etc/passwd", "../x", "components/../../x", "components/shop/../../../x", "components/shop/..", "a\0b"]
    {
        let write = |header: &mut tar::Header| {
            let bytes = &mut header.as_old_mut().name;
            bytes.fill(0);
            bytes[..path.len()].copy_from_slice(path.as_bytes());
        };
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes().copy_from_slice(&entry(name, 4).unwrap());
        write(&mut header);
        header.set_cksum();
        let raw = [before.as_slice(), header.as_bytes(), b"wasm", &[0; BLOCK - 4], &after].concat();
        let error = open(&sealed(&raw)).unwrap_err();
        assert!(matches!(error, ArchiveError::Entry(2) | ArchiveError::Unexpected { .. }), "{path}: {error}");
    }
    let mut raw = [before.as_slice(), &entry(name, 4).unwrap(), b"wasm", &[0; BLOCK - 4], &after].concat();
    raw[before.len() + 148] ^= 1;
    assert!(matches!(open(&sealed(&raw)).unwrap_err(), ArchiveError::Entry(2)));
}

#[test]
fn lengths_are_not_believed() {
    let claims: &[(&str, u64)] = &[
        ("components/shop/component.wasm", 10 << 30),
        ("components/shop/component.wasm", (64 << 20) + 1),
        ("rows/shop/items/000001.jsonl", 10 << 30),
        ("index.json", 10 << 30),
    ];
    let first = block("archive.json", &members()[0].1);
    for (name, bytes) in claims {
        // The largest that fits the octal digits of a tar is 8 GiB; beyond it there is another way to write it.
        let Ok(entry) = entry(name, *bytes) else { panic!("{name}") };
        let error = open(&sealed(&[first.as_slice(), &entry].concat())).unwrap_err();
        assert!(matches!(error, ArchiveError::TooLarge { .. } | ArchiveError::Entry(2)), "{name}: {error}");
    }
    let error = open(&sealed(&entry("archive.json", 10 << 20).unwrap())).unwrap_err();
    assert!(matches!(error, ArchiveError::Unexpected { .. }), "{error}");
    let error = open(&sealed(&entry("archive.json", 1 << 32).unwrap())).unwrap_err();
    assert!(matches!(error, ArchiveError::TooLarge { .. }), "{error}");
}

#[test]
fn a_bomb_is_refused_before_it_is_large() {
    // 96 MiB of rows in some kilobytes.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(&block("archive.json", &members()[0].1)).unwrap();
    let bytes = RATIO_FREE_BYTES + (32 << 20);
    encoder.write_all(&entry("rows/shop/items/000001.jsonl", bytes).unwrap()).unwrap();
    std::io::copy(&mut std::io::repeat(b'\n').take(bytes), &mut encoder).unwrap();
    let mut out = Sealing::new(Vec::new());
    out.write_all(&encoder.finish().unwrap()).unwrap();
    let bomb = out.seal().unwrap().1;
    assert!(bomb.len() < 100_000);
    assert!(matches!(open(&bomb).unwrap_err(), ArchiveError::Bomb(_)));
    // A window that wants more memory than there is for it.
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(1 << 20), &mut encoder).unwrap();
    let mut out = Sealing::new(Vec::new());
    out.write_all(&encoder.finish().unwrap()).unwrap();
    assert!(matches!(open(&out.seal().unwrap().1).unwrap_err(), ArchiveError::Compression(_)));
}

#[test]
fn another_form_is_named() {
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut members = without_index();
        let mut value = serde_json::from_slice(&members[0].1).unwrap();
        change(&mut value);
        members[0].1 = serde_json::to_vec(&value).unwrap();
        refused(&members)
    };
    let error = changed(&|value| value["version"] = 1.into());
    assert!(matches!(&error, ArchiveError::Version { found, .. } if found == "cortex-archive 1"), "{error}");
    let error = changed(&|value| value["format"] = "something-else".into());
    assert!(matches!(error, ArchiveError::Version { .. }), "{error}");
    // A later version may have other fields: it is told by its number and not by them.
    let error = changed(&|value| (value["version"], value["more"]) = (9.into(), 1.into()));
    assert!(matches!(error, ArchiveError::Version { .. }), "{error}");
    for wrong in [
        |value: &mut serde_json::Value| value["more"] = 1.into(),
        |value: &mut serde_json::Value| value["tenant"] = "../x".into(),
        |value: &mut serde_json::Value| value["components"].as_array_mut().unwrap().reverse(),
        |value: &mut serde_json::Value| value["components"][0]["tables"].as_array_mut().unwrap().reverse(),
        |value: &mut serde_json::Value| value["components"][0]["tables"][0]["name"] = "x\" (".into(),
        |value: &mut serde_json::Value| value["components"][0]["tables"][0]["key"] = serde_json::json!([]),
        |value: &mut serde_json::Value| value["components"][0]["tables"][0]["key"] = serde_json::json!(["nothing"]),
        |value: &mut serde_json::Value| value["components"][0]["digest"] = "x".into(),
    ] {
        let error = changed(&wrong);
        assert!(matches!(error, ArchiveError::Document { .. }), "{error}");
    }
}

#[test]
fn a_header_that_no_tenant_has_is_refused() {
    let refused = |header: &Header| {
        let members = vec![("archive.json".to_owned(), serde_json::to_vec(header).unwrap())];
        refused(&members)
    };
    let mut wide = header();
    let column = columns()[0].clone();
    wide.components[0].tables[0].columns = vec![column; 300];
    assert!(matches!(refused(&wide), ArchiveError::Document { .. }));
    let mut long = header();
    let shape = long.components[0].tables[0].clone();
    long.components[0].tables =
        (0..2_000).map(|number| crate::Shape { name: format!("t{number:05}"), ..shape.clone() }).collect();
    assert!(matches!(refused(&long), ArchiveError::TooLarge { .. }));
}

#[test]
fn what_follows_the_end_is_refused() {
    let sound = with_index(&without_index());
    let error = open(&sealed(&[sound.as_slice(), &[0]].concat())).unwrap_err();
    assert!(matches!(error, ArchiveError::Unexpected { .. }), "{error}");
    let error = open(&sealed(&sound[..sound.len() - BLOCK])).unwrap_err();
    assert!(matches!(error, ArchiveError::Unexpected { .. }), "{error}");
    let mut raw = sound.clone();
    let last = raw.len() - 1;
    raw[last] = 1;
    open(&sealed(&raw)).unwrap_err();
}
