// SPDX-License-Identifier: MIT OR Apache-2.0
//! Machine code that is kept: found again, and never loaded when it is damaged or another host's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test is a test")]

mod support;

use kernel_engine::{CodeCache, Engine, Origin, Settings};
use kernel_types::Limits;
use support::component;

fn engine(stack_bytes_max: u64) -> Engine {
    let limits_max = Limits { stack_bytes_max, ..Limits::HOST_MAXIMUM };
    Engine::new(&Settings { instances_max: 2, limits_max }).unwrap()
}

fn binary() -> Vec<u8> {
    wat::parse_str(component("a", "(func (export \"one\") (result i32) i32.const 1)", &[("one", "(result u32)")]))
        .unwrap()
}

#[test]
fn code_is_compiled_once_and_kept() {
    let directory = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(directory.path()).unwrap();
    let engine = engine(1 << 19);
    assert_eq!(cache.get_or_compile(&engine, &binary()).unwrap().1, Origin::Compiled);
    assert_eq!(cache.get_or_compile(&engine, &binary()).unwrap().1, Origin::Kept);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn every_damage_is_seen_and_the_code_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(directory.path()).unwrap();
    let engine = engine(1 << 19);
    cache.get_or_compile(&engine, &binary()).unwrap();
    let path = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![Vec::new(), whole[..20].to_vec(), whole[..whole.len() - 1].to_vec()];
    for place in [0, 16, 47, 48, 100, whole.len() / 2, whole.len() - 1] {
        let mut copy = whole.clone();
        copy[place] ^= 1;
        damaged.push(copy);
    }
    for content in damaged {
        std::fs::write(&path, content).unwrap();
        assert_eq!(cache.get_or_compile(&engine, &binary()).unwrap().1, Origin::Compiled);
        assert_eq!(std::fs::read(&path).unwrap(), whole, "it was replaced");
    }
}

#[test]
fn code_of_another_binary_is_not_taken_for_this_one() {
    let directory = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(directory.path()).unwrap();
    let engine = engine(1 << 19);
    cache.get_or_compile(&engine, &binary()).unwrap();
    let path = std::fs::read_dir(directory.path()).unwrap().next().unwrap().unwrap().path();
    let other = wat::parse_str("(component)").unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let (_, fingerprint) = name.split_once('-').unwrap();
    let moved = directory.path().join(format!("{}-{fingerprint}", kernel_types::Digest::of(&other).hex()));
    std::fs::rename(&path, moved).unwrap();
    assert_eq!(cache.get_or_compile(&engine, &other).unwrap().1, Origin::Compiled);
}

#[test]
fn a_directory_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    for (mode, usable) in [(0o700, true), (0o755, true), (0o775, false), (0o777, false), (0o1777, false)] {
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let opened = CodeCache::open(directory.path());
        assert_eq!(opened.is_ok(), usable, "{mode:o}");
        let text = opened.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(usable || text.contains(directory.path().to_str().unwrap()), "{text}");
    }
    let made = directory.path().join("new/code");
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    CodeCache::open(&made).unwrap();
    assert_eq!(std::fs::metadata(made).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn one_component_compiled_at_many_places_at_once_is_kept_whole() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("0.1.0.part"), "of a host that was killed").unwrap();
    let (engine, binary) = (engine(1 << 19), binary());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let cache = CodeCache::open(directory.path()).unwrap();
                cache.get_or_compile(&engine, &binary).unwrap();
            });
        }
    });
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    let cache = CodeCache::open(directory.path()).unwrap();
    assert_eq!(cache.get_or_compile(&engine, &binary).unwrap().1, Origin::Kept);
}
