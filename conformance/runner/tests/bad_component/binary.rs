// SPDX-License-Identifier: MIT OR Apache-2.0
//! Binaries that are no component, or not the one that the manifest describes.

use crate::{ECHO, assert_serves, install, odd_component, odd_manifest};
use conformance::TestHost;
use conformance::bundles::Draft;
use conformance::random::Random;
use std::sync::Arc;

/// How many places a binary is cut at, and how many of its bytes are changed.
const TRIES: usize = 64;

fn core_module() -> Vec<u8> {
    wat::parse_str("(module (func (export \"run\")))").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_component_is_refused() {
    let host = TestHost::start(&[ECHO]).await;
    let large = vec![0; (64 << 20) + 1];
    let nested = format!("{}{}", "(component ".repeat(60), ")".repeat(60));
    for (name, bytes, expected) in [
        ("nothing", Vec::new(), "component.wasm"),
        ("text", b"hello".to_vec(), "component.wasm"),
        ("the text format", b"(component)".to_vec(), "component.wasm"),
        ("four bytes of a head", b"\0asm".to_vec(), "component.wasm"),
        ("a head of a version to come", b"\0asm\x0e\0\x01\0".to_vec(), "component.wasm"),
        ("a core module", core_module(), "component"),
        ("an empty component", wat::parse_str("(component)").unwrap(), "operation"),
        ("components within each other", wat::parse_str(nested).unwrap(), "component.wasm"),
        ("ELF", b"\x7fELF\x02\x01\x01\0".to_vec(), "component.wasm"),
        ("zeroes", vec![0; 100_000], "component.wasm"),
        ("too many bytes", large, "longer than"),
    ] {
        let draft = Draft::of_text(&odd_manifest(""), &odd_component(""));
        draft.write("component.wasm", &bytes);
        let refused = install(&host, &draft).await.unwrap_or_else(|| panic!("{name} is installed"));
        assert!(refused.contains(expected) && refused.len() < 2_000, "{name}: {refused}");
        assert_serves(&host).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_missing_or_no_files_are_refused_by_name() {
    let host = TestHost::start(&[ECHO]).await;
    for file in ["component.wasm", "cortex.yaml"] {
        for how in ["missing", "a folder", "a link", "a link to a device"] {
            let draft = Draft::copy_of(ECHO);
            let path = draft.path().join(file);
            std::fs::rename(&path, draft.path().join("aside")).unwrap();
            match how {
                "a folder" => std::fs::create_dir(&path).unwrap(),
                "a link" => std::os::unix::fs::symlink(draft.path().join("aside"), &path).unwrap(),
                "a link to a device" => std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
                _ => {}
            }
            let refused = install(&host, &draft).await.unwrap_or_else(|| panic!("{file}, {how}, is installed"));
            assert!(refused.contains(file), "{file}, {how}: {refused}");
        }
    }
    assert_serves(&host).await;
}

/// A host whose machine code is its own: damaged binaries shall not fill the folder that all tests share.
async fn host_with_its_own_code() -> TestHost {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("code")).unwrap();
    TestHost::start_in(Arc::new(directory), &[ECHO], |_| {}).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_that_is_cut_is_refused_wherever_it_is_cut() {
    let host = host_with_its_own_code().await;
    for component in [ECHO, "components/accounting"] {
        let draft = Draft::copy_of(component);
        let whole = std::fs::read(draft.path().join("component.wasm")).unwrap();
        let mut random = Random::new(1);
        for index in 0..TRIES {
            let length = if index < 16 { index } else { usize::try_from(random.next()).unwrap() % whole.len() };
            draft.write("component.wasm", &whole[..length]);
            let refused =
                install(&host, &draft).await.unwrap_or_else(|| panic!("{component} of {length} bytes is whole"));
            // The first eight bytes are a whole component, with nothing in it.
            let named = refused.contains("component.wasm") || (length == 8 && refused.contains("exports"));
            assert!(named && refused.len() < 20_000, "{length}: {refused}");
        }
    }
    assert_serves(&host).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_binary_with_a_changed_byte_is_refused_or_is_another_component() {
    let host = host_with_its_own_code().await;
    let draft = Draft::copy_of(ECHO);
    let whole = std::fs::read(draft.path().join("component.wasm")).unwrap();
    let (mut random, mut refused) = (Random::new(2), 0);
    for _ in 0..TRIES {
        let mut changed = whole.clone();
        let place = usize::try_from(random.next()).unwrap() % whole.len();
        changed[place] ^= u8::try_from(1 + random.below(255)).unwrap();
        draft.write("component.wasm", &changed);
        match conformance::install(&host.host, draft.path()).await {
            Err(_) => refused += 1,
            Ok(installed) => assert_eq!(installed.manifest().id.as_str(), "echo"),
        }
    }
    assert!(refused > 0, "no change was found");
    assert_serves(&host).await;
}
