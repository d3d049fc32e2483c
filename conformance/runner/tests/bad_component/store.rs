// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a host finds changed in its own directory when it starts again.

use crate::{ECHO, assert_serves};
use conformance::TestHost;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is done to a file.
type Change<'a> = &'a dyn Fn(&Path);

/// The one file or folder of a directory.
fn only(directory: &Path) -> PathBuf {
    let mut entries = std::fs::read_dir(directory).unwrap();
    let entry = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "{} holds more than one", directory.display());
    entry
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installed_bundle_that_was_changed_is_not_run_but_made_again() {
    let host = TestHost::start(&[ECHO]).await;
    let (directory, token) = (Arc::clone(&host.directory), host.client.token.clone());
    let blob = |file: &str| {
        let content = std::fs::read(conformance::bundles::bundle(ECHO).join(file)).unwrap();
        format!("blobs/sha256/{}", kernel_types::Digest::of(&content).hex())
    };
    let files = [blob("cortex.yaml"), blob("component.wasm"), "index.json".to_owned(), "oci-layout".to_owned()];
    let good = |bundle: &Path| files.each_ref().map(|file| std::fs::read(bundle.join(file)).unwrap());
    host.stop().await;
    let bundle = only(&directory.path().join("components"));
    let before = good(&bundle);
    let append = |path: &Path| {
        let mut content = std::fs::read(path).unwrap();
        content.extend_from_slice(b"\n# changed\n");
        std::fs::write(path, content).unwrap();
    };
    let cut = |path: &Path| {
        let content = std::fs::read(path).unwrap();
        std::fs::write(path, &content[..content.len() / 2]).unwrap();
    };
    let empty = |path: &Path| std::fs::write(path, b"").unwrap();
    let remove = |path: &Path| std::fs::remove_file(path).unwrap();
    let changes: [(&str, Change<'_>); 4] = [("append", &append), ("cut", &cut), ("empty", &empty), ("remove", &remove)];
    for file in &files {
        for (name, change) in changes {
            change(&bundle.join(file));
            let host = TestHost::reopen(Arc::clone(&directory), &token).await;
            assert_serves(&host).await;
            assert!(good(&bundle) == before, "{file}, {name}: what was remembered is there again");
            host.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machine_code_that_was_changed_is_made_again() {
    let directory = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir(directory.path().join("code")).unwrap();
    TestHost::start_in(Arc::clone(&directory), &[ECHO], |_| {}).await.stop().await;
    let code = only(&directory.path().join("code"));
    let good = std::fs::read(&code).unwrap();
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [Vec::new(), b"code".to_vec(), good[..good.len() - 1].to_vec(), flipped] {
        std::fs::write(&code, bad).unwrap();
        let host = TestHost::start_in(Arc::clone(&directory), &[ECHO], |_| {}).await;
        assert_serves(&host).await;
        host.stop().await;
        assert!(std::fs::read(&code).unwrap() == good, "the code was made again");
    }
}
